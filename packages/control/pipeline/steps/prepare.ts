import type { ServingChange } from "@evenkeel/model";
import { type AppRow, getApp } from "../../apps/app-store.ts";
import { lockEnvironment } from "../../apps/lock-environment.ts";
import type { Connection } from "../../database/connection.ts";
import { type DeploymentRow, getDeployment, isUnderWay } from "../../deployments/deployment-row.ts";
import { DeploymentEndedError, HostUnreachableError } from "../../errors.ts";
import { readFormation } from "../../processes/formation-store.ts";
import { runReleasePhase } from "../../processes/release-phase.ts";
import { readScalings } from "../../scaling/scaling-store.ts";
import { type ServedKeys, servedDeployment, servedKeyColumns } from "../../serving/served-deployment.ts";
import type { PipelineStep } from "../pipeline-step.ts";

const feedLimitMs = 30_000;
/** Longer than any sound start; the host ends a start that hangs before. */
const startLimitMs = 120_000;

/**
 * Makes the deployment known under its own host name, and has an instance stand ready. The host must know it first: until then it
 * could not start it.
 */
export const prepareStep: PipelineStep = {
  name: "prepare",
  state: "deploying",
  async run(job, parts) {
    const { deployment, log, signal } = job;
    const { database, serving, host } = parts;
    const { published } = await serving.change(async (connection) => {
      const app = await getApp(connection, deployment.app);
      return { changes: await publishOwnHost(connection, deployment, app), result: undefined };
    });
    const { version } = await published;
    if (!(await getDeployment(database, deployment.id)).hasFunctions) return undefined;
    const known = await serving.feed.acknowledgedBy("host", version, feedLimitMs, 1);
    if (known.acknowledged.length === 0) throw new HostUnreachableError();
    await runReleasePhase(job, parts);
    const startedAtMs = performance.now();
    await host.prepare(deployment.id, startLimitMs, signal);
    log.note(`Ready to answer after ${Math.round(performance.now() - startedAtMs)} ms`);
    return undefined;
  },
};

/** Changes nothing when it is run again. */
async function publishOwnHost(
  connection: Connection,
  deployment: DeploymentRow,
  app: AppRow,
): Promise<ServingChange[]> {
  const { id, host, environment } = deployment;
  // Whoever scales the environment changes what is told of its deployments.
  await lockEnvironment(connection, deployment.app, environment);
  const [locked] = await connection.query<DeploymentRow & ServedKeys>(
    `SELECT state, output, processes, ${servedKeyColumns} FROM deployments WHERE id = $1 FOR UPDATE`,
    [id],
  );
  if (!locked || !isUnderWay(locked.state)) throw new DeploymentEndedError(id, locked?.state ?? "removed");
  await connection.query("UPDATE aliases SET deployment = $2 WHERE host = $1", [host, id]);
  return [
    {
      put: "deployment",
      deployment: servedDeployment({ ...deployment, ...locked }, app, {
        formation: await readFormation(connection, deployment.app, environment),
        scalings: await readScalings(connection, deployment),
      }),
    },
    { put: "alias", alias: { host, deployment: id, previous: [] } },
  ];
}
