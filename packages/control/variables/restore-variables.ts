import type { AppName, DeploymentId, EnvironmentName } from "@evenkeel/model";
import type { Connection } from "../database/connection.ts";
import { hasMoved } from "../deployments/configure.ts";
import type { DeploymentRow } from "../deployments/deployment-row.ts";
import { openDeploymentVariables } from "../deployments/deployment-variables.ts";
import type { Vault } from "../vault/vault.ts";
import { appendChange, openVariables } from "./variable-store.ts";

interface Undone {
  name: string;
  sealed: Buffer | null;
  plain: boolean;
}

/**
 * Sets the variables back that a deployment was to bring and did not: what nobody changed since gets the value that it had before. Nothing stays half applied.
 * The caller holds the environment's row.
 *
 * @returns their names
 */
export async function undoChanges(
  connection: Connection,
  vault: Vault,
  { id, app, environment }: Pick<DeploymentRow, "id" | "app" | "environment">,
  who: string,
): Promise<string[]> {
  const undone = await connection.query<Undone>(
    `WITH changed AS (
       SELECT name, min(version) AS first, max(version) AS last FROM variables
       WHERE change IN (SELECT id FROM variable_changes WHERE deployment = $1 AND kind IN ('set', 'rotate')) GROUP BY name)
     SELECT changed.name, before.sealed, coalesce(before.plain, false) AS plain
     FROM changed LEFT JOIN variables before ON before.app = $2 AND before.environment = $3
       AND before.name = changed.name AND before.version = changed.first - 1
     WHERE changed.last = (SELECT max(version) FROM variables newest
       WHERE newest.app = $2 AND newest.environment = $3 AND newest.name = changed.name)`,
    [id, app, environment],
  );
  if (undone.length === 0) return [];
  await connection.query(
    "DELETE FROM variable_overlaps WHERE app = $1 AND environment = $2 AND name = ANY ($3)",
    [app, environment, undone.map(({ name }) => name)],
  );
  const current = await openVariables(connection, vault, app, environment);
  const before = undone.filter((row) => row.sealed !== null);
  await appendChange(connection, vault, {
    ...{ app, environment, kind: "undo", who, deployment: id },
    set: Object.fromEntries(
      before.map(({ name, sealed, plain }) => [
        name,
        { value: vault.unseal(sealed!, { app, environment, name }), plain },
      ]),
    ),
    remove: undone.filter(({ name, sealed }) => sealed === null && current.has(name)).map(({ name }) => name),
    reason: `Deployment ${id} did not go live`,
  });
  return undone.map(({ name }) => name);
}

/**
 * Makes the environment's variables those of a deployment that is released again, so that what is set and what is live are the same. The caller holds
 * the environment's row.
 */
export async function restoreVariables(
  connection: Connection,
  vault: Vault,
  to: { app: AppName; environment: EnvironmentName; id: DeploymentId },
  how: { who: string; reason: string },
): Promise<void> {
  const { app, environment, id } = to;
  const current = await openVariables(connection, vault, app, environment);
  const taken = await openDeploymentVariables(connection, vault, to);
  if (!hasMoved(current, taken)) return;
  const given = new Set(taken.filter(({ origin }) => origin === "given").map(({ name }) => name));
  const wanted = new Map(
    taken.filter(({ origin }) => origin === "environment").map((variable) => [variable.name, variable]),
  );
  const moved = [...wanted].filter(([name, { value }]) => current.get(name)?.value !== value);
  await appendChange(connection, vault, {
    ...{ app, environment, kind: "restore", deployment: id, ...how },
    set: Object.fromEntries(moved.map(([name, { value, plain }]) => [name, { value, plain }])),
    remove: [...current.keys()].filter((name) => !wanted.has(name) && !given.has(name)),
  });
}
