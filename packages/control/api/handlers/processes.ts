import type { AppName, DeploymentId } from "@evenkeel/model";
import { getApp } from "../../apps/app-store.ts";
import { releaseHost } from "../../apps/hosts.ts";
import { record } from "../../audit/audit-log.ts";
import { first } from "../../database/connection.ts";
import { type DeploymentRow, getDeployment } from "../../deployments/deployment-row.ts";
import { NothingReleasedError } from "../../errors.ts";
import { effectiveFormation, readFormation } from "../../processes/formation-store.ts";
import { OneOffRuns } from "../../processes/one-off-runs.ts";
import { scaleProcesses } from "../../processes/scale-processes.ts";
import { readScalings } from "../../scaling/scaling-store.ts";
import type { DeployableEnvironment, processRoutes } from "../contract/index.ts";
import type { HandlersOf } from "../handler.ts";
import type { ControlParts } from "./control-parts.ts";

/** For a restart of many processes one after the other, each with a minute to boot and half a minute to end. */
const restartLimitMs = 15 * 60_000;
const listLimitMs = 5_000;

export function processHandlers(parts: ControlParts): HandlersOf<typeof processRoutes> {
  const { database, serving, host, place, layout } = parts;
  const runs = new OneOffRuns(layout);

  /** @throws AppUnknownError, NothingReleasedError */
  async function released(
    app: AppName,
    environment: DeployableEnvironment,
    branch?: string,
  ): Promise<DeploymentRow> {
    await getApp(database, app);
    const alias = releaseHost(app, environment, branch, place.domain) ?? `${app} (preview without a branch)`;
    const row = await first(
      database.query<{ deployment: DeploymentId | null }>(
        "SELECT deployment FROM aliases WHERE host = $1 AND app = $2",
        [alias, app],
      ),
    );
    if (!row?.deployment) throw new NothingReleasedError(alias);
    return getDeployment(database, row.deployment);
  }

  return {
    async listProcesses({ params: { app }, query: { environment, branch } }) {
      const { processes: commands } = await released(app, environment, branch);
      const formation = effectiveFormation(
        commands ?? {},
        await readFormation(database, app, environment),
        await readScalings(database, { app, environment }),
      );
      const all = await host.processes(app, listLimitMs);
      return {
        commands: commands ?? {},
        formation,
        processes: all.filter((report) => report.environment === environment),
      };
    },
    async scaleProcesses({ params: { app }, body, caller }) {
      await getApp(database, app);
      return { formation: await scaleProcesses(serving, { app, ...body, who: caller.name }) };
    },
    async restartProcesses({ params: { app }, body: { environment, process }, caller }) {
      await getApp(database, app);
      await host.restartProcesses(app, environment, process, restartLimitMs);
      const detail = { environment, ...(process === undefined ? {} : { process }) };
      await record(database, { who: caller.name, action: "process.restart", app, detail });
      return { restarted: true };
    },
    async runCommand({ params: { app }, body, caller }) {
      const { environment, branch, command, memoryMb, terminal } = body;
      const { id: deployment } = await released(app, environment, branch);
      // Before it happens: whatever becomes of it, it is known who asked. Its words may hold secrets; the first one tells the program.
      const detail = { environment, command: command[0]!.slice(0, 200) };
      await record(database, { who: caller.name, action: "process.run", app, object: deployment, detail });
      return runs.run({ app, deployment, command, memoryMb, terminal });
    },
    async writeRunInput({ params: { app, run }, body }) {
      runs.give(app, run, body);
      return { written: true };
    },
  };
}
