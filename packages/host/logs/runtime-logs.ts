import { join } from "node:path";
import type { AppName, DeploymentId, FunctionId, HomeLayout, InstanceId } from "@evenkeel/model";
import { RotatingLog } from "./rotating-log.ts";

/** One line of `logs/<app>/<deployment>/runtime-<n>.ndjson`. */
export interface RuntimeLogLine {
  /** Milliseconds since the epoch at which the host read it. */
  t: number;
  deployment: DeploymentId;
  instance: InstanceId;
  /** Absent: a process of the app's services. */
  function?: FunctionId;
  /** `web.1`, `run.k3x9`. */
  process?: string;
  /** `platform`: said by the host about the instance. */
  stream: "stdout" | "stderr" | "platform";
  line: string;
}

/** The runtime logs of all deployments; one writer each, open while the deployment has instances. */
export class RuntimeLogs {
  private readonly open = new Map<DeploymentId, { log: RotatingLog; users: number }>();

  constructor(private readonly layout: Pick<HomeLayout, "logs">) {}

  /** Must be given back by `release`. */
  acquire(app: AppName, deployment: DeploymentId): RotatingLog {
    let entry = this.open.get(deployment);
    if (!entry) {
      const log = new RotatingLog(join(this.layout.logs, app, deployment), "runtime", (count) =>
        JSON.stringify({
          t: Date.now(),
          deployment,
          stream: "platform",
          line: `${count} lines were dropped: the disk was too slow`,
        }),
      );
      entry = { log, users: 0 };
      this.open.set(deployment, entry);
    }
    entry.users++;
    return entry.log;
  }

  async release(deployment: DeploymentId): Promise<void> {
    const entry = this.open.get(deployment);
    if (!entry || --entry.users > 0) return;
    this.open.delete(deployment);
    await entry.log.close();
  }

  async flush(): Promise<void> {
    await Promise.all([...this.open.values()].map(({ log }) => log.flush()));
  }
}
