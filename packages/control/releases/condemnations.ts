import type { DeploymentId } from "@evenkeel/model";
import type { Condemned } from "../api/contract/index.ts";
import { record } from "../audit/audit-log.ts";
import { type Connection, first } from "../database/connection.ts";
import { DeploymentCondemnedError } from "../errors.ts";

/** Part of a transaction. The first reason stays. */
export async function condemn(
  connection: Connection,
  deployment: DeploymentId,
  { who, reason }: { who: string; reason: string },
): Promise<void> {
  const [condemned] = await connection.query<{ app: string; environment: string }>(
    `WITH condemned AS (
       INSERT INTO condemnations (deployment, reason, created_by) VALUES ($1, $2, $3)
       ON CONFLICT (deployment) DO NOTHING RETURNING deployment)
     SELECT app, environment FROM deployments JOIN condemned ON condemned.deployment = deployments.id`,
    [deployment, reason, who],
  );
  if (!condemned) return;
  const { app, environment } = condemned;
  const detail = { environment, reason };
  await record(connection, { who, action: "deployment.condemn", app, object: deployment, detail });
}

/** False: it was not condemned. */
export async function absolve(
  connection: Connection,
  deployment: DeploymentId,
  who: string,
): Promise<boolean> {
  const [lifted] = await connection.query<{ app: string }>(
    `WITH lifted AS (DELETE FROM condemnations WHERE deployment = $1 RETURNING deployment)
     SELECT app FROM deployments JOIN lifted ON lifted.deployment = deployments.id`,
    [deployment],
  );
  if (lifted)
    await record(connection, { who, action: "deployment.absolve", app: lifted.app, object: deployment });
  return lifted !== undefined;
}

export const condemnationOf = (
  connection: Connection,
  deployment: DeploymentId,
): Promise<Condemned | undefined> =>
  first(
    connection.query<Condemned & Record<string, unknown>>(
      `SELECT created_by AS by, reason, (extract(epoch FROM created_at) * 1000)::bigint AS "atMs"
       FROM condemnations WHERE deployment = $1`,
      [deployment],
    ),
  );

/** @throws DeploymentCondemnedError */
export async function refuseCondemned(connection: Connection, deployment: DeploymentId): Promise<void> {
  const condemned = await condemnationOf(connection, deployment);
  if (condemned) throw new DeploymentCondemnedError(deployment, condemned.by, condemned.reason);
}
