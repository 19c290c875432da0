import { readFileSync } from "node:fs";
import { type ProvisionedTool, provisionToolchain } from "@evenkeel/build";
import { askSupervisor } from "@evenkeel/cli/platform/supervisor-client";
import { type ControlClient, createControlClient } from "@evenkeel/control";
import {
  type ControlToHost,
  type DeploymentId,
  type HomeLayout,
  type HostToControl,
  homeLayout,
  type InstanceReport,
} from "@evenkeel/model";
import { connectForMessages, type MessageConnection } from "@evenkeel/wire";
import { type Deployed, TestPlatform } from "../../e2e/harness/platform.ts";
import { PeerFailedError } from "../errors.ts";
import type { Ground } from "../ground.ts";
import { pinTree } from "../machine/cores.ts";
import { listProcesses, type ProcessSample, processTree } from "../machine/process-tree.ts";
import { repository } from "../repository.ts";

const quietWindowMs = 300;
/** Of one core, in a quiet window: an edge's timers alone stay below it. */
const quietShare = 0.05;
const quietLimitMs = 20_000;

/** A whole platform in a data directory of its own; ends with its ground. */
export class BenchPlatform {
  readonly layout: HomeLayout;
  readonly control: ControlClient;
  private host: MessageConnection<HostToControl, ControlToHost> | undefined;

  private constructor(
    private readonly platform: TestPlatform,
    private readonly guardian: number,
  ) {
    this.layout = homeLayout(platform.home);
    const token = readFileSync(this.layout.apiToken, "utf8").trim();
    this.control = createControlClient({ socketPath: this.layout.controlSocket, token });
  }

  /** @param edges processes that serve; default one per core */
  static async start(ground: Ground, edges?: number): Promise<BenchPlatform> {
    ground.step("Starting a platform");
    const test = await TestPlatform.start();
    ground.resources.defer(() => test.stop());
    if (edges !== undefined) {
      // The number of edges is a setting of `up`, and the harness starts with the usual one.
      await test.must("down");
      await test.must("up", "--detach", "--port", String(test.port), "--edges", String(edges));
    }
    const platform = new BenchPlatform(test, await guardianPid(homeLayout(test.home)));
    ground.resources.defer(() => platform.host?.close());
    const { version } = JSON.parse(readFileSync(`${repository}/package.json`, "utf8")) as { version: string };
    Object.assign(ground.versions, {
      Evenkeel: version,
      Bun: Bun.version,
      "Node.js": (await platform.node()).version,
    });
    return platform;
  }

  get port(): number {
    return this.platform.port;
  }

  /** Of the app's production alias, as clients send it. */
  authority(app: string): string {
    return `${app}.localhost:${this.port}`;
  }

  /** The Node that functions run on. */
  async node(): Promise<ProvisionedTool> {
    return (await this.tools({ tool: "node", major: 24 }))[0]!;
  }

  tools(...wanted: Parameters<typeof provisionToolchain>[1]): Promise<ProvisionedTool[]> {
    return provisionToolchain(this.layout, wanted);
  }

  /** Builds and deploys a source tree. */
  deploySource(folder: string, app: string): Promise<Deployed> {
    return this.platform.deploy(folder, "--prod", "--app", app);
  }

  /** Leads an app's production to the twins of providers. */
  async enableSandbox(app: string): Promise<void> {
    await this.platform.must("sandbox", "enable", app, "--env", "production", "--yes");
  }

  /** What an app knows of the twins that it is led to: credentials, numbers. */
  twinVariables(app: string): Promise<Record<string, string>> {
    return this.platform.json("sandbox", "env", app, "--env", "production");
  }

  async databaseUrl(app: string): Promise<string> {
    const variables = await this.platform.json<{ DATABASE_URL: string }>("db", "url", app);
    return variables.DATABASE_URL;
  }

  deployPrebuilt(folder: string, app: string): Promise<Deployed> {
    return this.platform.deploy(folder, "--prebuilt", "--prod", "--app", app);
  }

  /** Binds the edges to a core. */
  async pinEdges(core: number): Promise<void> {
    for (const { name, pid } of await askSupervisor(this.layout, { type: "status" })) {
      if (name.startsWith("edge-") && pid !== undefined) pinTree(pid, core);
    }
  }

  /** All processes of the platform but its database, as they are now. */
  processes(): ProcessSample[] {
    return processTree(this.guardian, listProcesses(), ({ name }) => name === "postgres");
  }

  /**
   * Waits until nothing of the platform works any more: starts are over, the pool of warm processes is full again.
   *
   * @throws PeerFailedError when that never comes
   */
  async untilQuiet(): Promise<void> {
    const used = () => this.processes().reduce((sum, { cpuMs }) => sum + cpuMs, 0);
    const limitMs = Date.now() + quietLimitMs;
    for (let before = used(); Date.now() < limitMs; ) {
      await Bun.sleep(quietWindowMs);
      const now = used();
      // Ended processes take their time with them.
      if (Math.abs(now - before) <= quietShare * quietWindowMs) return;
      before = now;
    }
    throw new PeerFailedError(`The platform was still busy after ${quietLimitMs / 1_000} s`);
  }

  async instances(deployment: string): Promise<InstanceReport[]> {
    const { instances } = await this.control.getStatus();
    return (instances ?? []).filter((instance) => instance.deployment === deployment);
  }

  /** Binds the instances of a deployment, which must be running, to a core. */
  async pinInstances(deployment: string, core: number): Promise<void> {
    const instances = await this.instances(deployment);
    if (instances.length === 0)
      throw new PeerFailedError(`Deployment ${deployment} has no instance to be pinned`);
    for (const { pid } of instances) pinTree(pid, core);
  }

  /** Ends all instances of a deployment, as control does when it is removed; resolves when none is left. */
  async stopInstances(deployment: string): Promise<void> {
    if (this.host === undefined) {
      this.host = await connectForMessages<HostToControl, ControlToHost>(this.layout.hostSocket);
      this.host.send({ type: "hello", role: "control" });
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.host.onMessage = ({ error }) => {
      if (error) reject(new PeerFailedError(`Instances were not stopped: ${error.message}`));
      else resolve();
    };
    this.host.send({ type: "stop", id: 1, deployment: deployment as DeploymentId });
    await promise;
  }
}

/** The top of a platform's processes: what keeps the supervisor, which is the parent of all others. */
async function guardianPid(layout: HomeLayout): Promise<number> {
  const control = (await askSupervisor(layout, { type: "status" })).find(({ name }) => name === "control");
  const processes = listProcesses();
  const parentOf = (pid: number | undefined) => processes.find((process) => process.pid === pid)?.parent;
  const guardian = parentOf(parentOf(control?.pid));
  if (guardian !== undefined) return guardian;
  throw new PeerFailedError("The platform's control process has ended");
}
