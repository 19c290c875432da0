import { hostUrl, releaseHost } from "../../apps/hosts.ts";
import { lockEnvironment } from "../../apps/lock-environment.ts";
import type { Connection } from "../../database/connection.ts";
import { type DeploymentRow, getDeployment, isUnderWay } from "../../deployments/deployment-row.ts";
import { DeploymentEndedError } from "../../errors.ts";
import { appendRelease } from "../../releases/append-release.ts";
import { releasesOf } from "../../releases/release-store.ts";
import type { Job, PipelineStep } from "../pipeline-step.ts";

/**
 * Releases it: one commit, under the lock of the environment. A newer deployment that was accepted before has ended this one, and
 * one that is accepted after it comes after it in the ledger.
 */
export const switchStep: PipelineStep = {
  name: "switch",
  state: "deploying",
  skips: (job) => releaseHost(...aliasOf(job.deployment), "") === undefined,
  async run(job, { serving, place }) {
    const { deployment, log } = job;
    const host = releaseHost(...aliasOf(deployment), place.domain)!;
    const { result, published } = await serving.change(async (connection) => {
      await lock(connection, deployment);
      const already = (await releasesOf(connection, deployment.id)).find(
        (release) => release.kind === "deploy",
      );
      if (already) return { changes: [], result: { version: already.version, hosts: [host] } };
      const { release, changes, hosts } = await appendRelease(connection, {
        ...{ app: deployment.app, environment: deployment.environment, deployment: deployment.id, host },
        ...{
          branch: deployment.branch,
          kind: "deploy",
          reason: deployment.reason,
          who: deployment.createdBy,
        },
        domain: place.domain,
      });
      return { changes, result: { version: release.version, hosts } };
    });
    const edges = await published;
    log.note(
      `Released v${result.version} at ${result.hosts.map((moved) => hostUrl(moved, place)).join(", ")}`,
    );
    return { ...result, host, edges: { acknowledged: edges.acknowledged, unconfirmed: edges.unconfirmed } };
  },
};

const aliasOf = ({ app, environment, branch }: Job["deployment"]) =>
  [app, environment, branch ?? undefined] as const;

async function lock(connection: Connection, deployment: DeploymentRow): Promise<void> {
  await lockEnvironment(connection, deployment.app, deployment.environment);
  const { state } = await getDeployment(connection, deployment.id);
  if (!isUnderWay(state)) throw new DeploymentEndedError(deployment.id, state);
}
