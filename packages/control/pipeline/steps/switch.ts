import type { DeploymentId } from "@evenkeel/model";
import { hostUrl, type Place, releaseHost } from "../../apps/hosts.ts";
import { lockEnvironment } from "../../apps/lock-environment.ts";
import type { Connection } from "../../database/connection.ts";
import { hasMoved } from "../../deployments/configure.ts";
import { type DeploymentRow, getDeployment, isUnderWay } from "../../deployments/deployment-row.ts";
import { openDeploymentVariables } from "../../deployments/deployment-variables.ts";
import { deriveDeployment } from "../../deployments/derive-deployment.ts";
import { AutoDeployPausedError, DeploymentEndedError } from "../../errors.ts";
import { appendRelease } from "../../releases/append-release.ts";
import { autoDeployPause } from "../../releases/auto-deploy.ts";
import { refuseCondemned } from "../../releases/condemnations.ts";
import { releasesOf } from "../../releases/release-store.ts";
import { openVariables } from "../../variables/variable-store.ts";
import type { Vault } from "../../vault/vault.ts";
import { type Job, type PipelineStep, withheldIn } from "../pipeline-step.ts";

/**
 * Releases it: one commit, under the lock of the environment. A newer deployment that was accepted before has ended this one, and
 * one that is accepted after it comes after it in the ledger.
 */
export const switchStep: PipelineStep = {
  name: "switch",
  state: "deploying",
  skips: (job) => withheldIn(job) !== undefined || releaseHost(...aliasOf(job.deployment), "") === undefined,
  async run(job, { serving, place, vault }) {
    const { deployment, log } = job;
    const host = releaseHost(...aliasOf(deployment), place.domain)!;
    const { result, published } = await serving.change(async (connection) => {
      await lock(connection, deployment);
      const already = (await releasesOf(connection, deployment.id)).find(
        (release) => release.kind === "deploy",
      );
      if (already) return { changes: [], result: { version: already.version, hosts: [host] } };
      await refuseCondemned(connection, deployment.id);
      const pause = deployment.automatic && (await autoDeployPause(connection, deployment));
      if (pause) throw new AutoDeployPausedError(deployment, pause);
      if (!(await isStillWanted(connection, deployment, host))) return { changes: [], result: undefined };
      const { release, changes, hosts } = await appendRelease(connection, {
        ...{ app: deployment.app, environment: deployment.environment, deployment: deployment.id, host },
        ...{
          branch: deployment.branch,
          kind: "deploy",
          reason: deployment.reason,
          who: deployment.createdBy,
        },
        domain: place.domain,
        besideCanary: deployment.derivedFrom !== null,
        resumesAutoDeploy: deployment.derivedFrom === null && !deployment.automatic,
      });
      const followUp = await catchUp(connection, { vault, place }, deployment);
      return {
        changes,
        result: { version: release.version, hosts, ...(followUp === undefined ? {} : { followUp }) },
      };
    });
    if (result === undefined) throw new DeploymentEndedError(deployment.id, "superseded");
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

/**
 * What only brings other variables to a build must not bring an older build back: it ends if another deployment has been released since it
 * was accepted.
 */
async function isStillWanted(
  connection: Connection,
  { id, derivedFrom }: DeploymentRow,
  host: string,
): Promise<boolean> {
  if (derivedFrom === null) return true;
  const [alias] = await connection.query<{ deployment: string | null }>(
    "SELECT deployment FROM aliases WHERE host = $1",
    [host],
  );
  if (alias?.deployment === derivedFrom) return true;
  await connection.query("UPDATE deployments SET state = 'superseded', ended_at = now() WHERE id = $1", [id]);
  return false;
}

/** Variables may have been changed while it was built: then a deployment that brings them follows. */
async function catchUp(
  connection: Connection,
  parts: { vault: Vault; place: Place },
  deployment: DeploymentRow,
): Promise<DeploymentId | undefined> {
  const { app, environment, derivedFrom } = deployment;
  if (derivedFrom !== null || environment === "preview") return undefined;
  const current = await openVariables(connection, parts.vault, app, environment);
  if (!hasMoved(current, await openDeploymentVariables(connection, parts.vault, deployment)))
    return undefined;
  const by = {
    who: deployment.createdBy,
    reason: "Variables were changed during the deployment",
    changes: [],
  };
  return (await deriveDeployment(connection, parts, await getDeployment(connection, deployment.id), by)).id;
}
