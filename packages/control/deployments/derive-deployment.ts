import { type DeploymentId, newDeploymentId } from "@evenkeel/model";
import { type Place, releaseHost } from "../apps/hosts.ts";
import type { Connection } from "../database/connection.ts";
import { ReferenceMissingError } from "../errors.ts";
import { attachFlags, flagsVariable } from "../flags/attach-flags.ts";
import { inheritSchedules } from "../schedules/inherit-schedules.ts";
import { attachTelemetry, telemetryVariables } from "../telemetry/attach-telemetry.ts";
import { type OpenVariable, openVariables } from "../variables/variable-store.ts";
import type { Vault } from "../vault/vault.ts";
import { type Accepted, type DeploymentWish, insertDeployment, recordAccepted } from "./accept-deployment.ts";
import { type Configuration, configure } from "./configure.ts";
import { type DeploymentRow, getDeployment, underWay } from "./deployment-row.ts";
import { openDeploymentVariables, writeDeploymentVariables } from "./deployment-variables.ts";

/** What is released for an environment; none for `preview`, whose branches each have their own, and `development`. */
export async function liveDeployment(
  connection: Connection,
  app: DeploymentRow["app"],
  environment: string,
  place: Place,
): Promise<DeploymentRow | undefined> {
  if (environment !== "production" && environment !== "staging") return undefined;
  const [alias] = await connection.query<{ deployment: DeploymentId | null }>(
    "SELECT deployment FROM aliases WHERE host = $1 AND app = $2",
    [releaseHost(app, environment, undefined, place.domain), app],
  );
  return alias?.deployment ? getDeployment(connection, alias.deployment) : undefined;
}

/** The variables of a deployment that serves the build of `base` with others of its environment. */
export async function deriveConfiguration(
  connection: Connection,
  vault: Vault,
  base: DeploymentRow,
  current: ReadonlyMap<string, OpenVariable>,
): Promise<Configuration> {
  const own = await openDeploymentVariables(connection, vault, base);
  const isItsOwn = (name: string) => name === flagsVariable || telemetryVariables.has(name);
  const kept = own.filter(({ name, origin }) => origin !== "attached" || !isItsOwn(name));
  return configure(current, kept, base.declared);
}

/**
 * Writes a deployment that serves the build of `base`, which is live, with the environment's variables as they are now. The pipeline brings it
 * live as any other, without building: its instances stand ready before the switch, those of `base` drain. Older ones of this kind that are
 * not live yet end, and what they were to bring this one brings. The caller holds the environment's row.
 *
 * @param changes of variables, by their numbers
 * @throws ReferenceMissingError
 */
export async function deriveDeployment(
  connection: Connection,
  { vault, place }: { vault: Vault; place: Place },
  base: DeploymentRow,
  by: { who: string; reason: string; changes: number[] },
): Promise<Accepted> {
  const { app, environment } = base;
  const current = await openVariables(connection, vault, app, environment);
  const { variables, missing } = await deriveConfiguration(connection, vault, base, current);
  if (missing.length > 0) throw new ReferenceMissingError(app, environment, missing);
  const wish: DeploymentWish = {
    ...{ app, environment, kind: base.kind, source: base.source, who: by.who, reason: by.reason },
    ...(base.branch === null ? {} : { branch: base.branch }),
    ...(base.git === null ? {} : { git: base.git }),
  };
  const id = newDeploymentId();
  await insertDeployment(connection, place, wish, id, {
    ...{ from: base.id, output: base.output, hasFunctions: base.hasFunctions, declared: base.declared },
    nextDeploymentId: base.systemEnvironment["NEXT_DEPLOYMENT_ID"],
  });
  await connection.query(
    "UPDATE deployments SET flag_set = base.flag_set, processes = base.processes, runbook = base.runbook FROM deployments base WHERE deployments.id = $1 AND base.id = $2",
    [id, base.id],
  );
  await writeDeploymentVariables(connection, vault, { id, app, environment }, variables);
  await attachFlags(connection, { vault, place }, { app, environment, id });
  await attachTelemetry(connection, { vault, place }, { app, environment, id });
  await inheritSchedules(connection, vault, base.id, { id, app, environment });
  const ended = await connection.query<{ id: DeploymentId }>(
    `UPDATE deployments SET state = 'superseded', ended_at = now()
     WHERE app = $1 AND environment = $2 AND id <> $3 AND derived_from IS NOT NULL AND state IN ${underWay}
       AND NOT EXISTS (SELECT FROM releases WHERE releases.deployment = deployments.id AND kind = 'deploy')
     RETURNING id`,
    [app, environment, id],
  );
  const superseded = ended.map((row) => row.id);
  await connection.query(
    "UPDATE variable_changes SET deployment = $1 WHERE id = ANY ($2) OR deployment = ANY ($3)",
    [id, by.changes, superseded],
  );
  await recordAccepted(connection, wish, id, superseded);
  return { id, superseded };
}
