import type { AppName, EnvironmentName } from "@evenkeel/model";
import type { Variable } from "../api/contract/index.ts";
import type { Connection } from "../database/connection.ts";
import type { Vault } from "../vault/vault.ts";

/** Appends a version of each; the caller holds the environment's row. */
export async function appendVariables(
  connection: Connection,
  vault: Vault,
  change: { app: AppName; environment: EnvironmentName; variables: Record<string, string>; who: string },
): Promise<void> {
  const { app, environment, who } = change;
  const names = Object.keys(change.variables);
  const sealed = names.map((name) => vault.seal(change.variables[name]!, { app, environment, name }));
  await connection.query(
    `INSERT INTO variables (app, environment, name, version, sealed, created_by)
     SELECT $1, $2, given.name, 1 + coalesce((SELECT max(version) FROM variables old
       WHERE old.app = $1 AND old.environment = $2 AND old.name = given.name), 0), given.sealed, $5
     FROM unnest($3::text[], $4::bytea[]) AS given (name, sealed)`,
    [app, environment, names, sealed, who],
  );
}

/** Appends a version without a value; false where there is none to remove. */
export async function removeVariable(
  connection: Connection,
  of: { app: AppName; environment: EnvironmentName; name: string; who: string },
): Promise<boolean> {
  const removed = await connection.query(
    `INSERT INTO variables (app, environment, name, version, created_by)
     SELECT app, environment, name, version + 1, $4 FROM variables
     WHERE app = $1 AND environment = $2 AND name = $3 AND sealed IS NOT NULL
       AND version = (SELECT max(version) FROM variables WHERE app = $1 AND environment = $2 AND name = $3)
     RETURNING 1`,
    [of.app, of.environment, of.name, of.who],
  );
  return removed.length > 0;
}

/** The values that count now, sealed. */
export const currentVariables = `SELECT name, environment, version, sealed, created_at, created_by FROM (
    SELECT DISTINCT ON (environment, name) * FROM variables
    WHERE app = $1 AND ($2::text IS NULL OR environment = $2) ORDER BY environment, name, version DESC
  ) newest WHERE sealed IS NOT NULL`;

export async function listVariables(
  connection: Connection,
  app: AppName,
  environment?: EnvironmentName,
): Promise<Variable[]> {
  const rows = await connection.query<{
    name: string;
    environment: EnvironmentName;
    version: number;
    created_at: Date;
    created_by: string;
  }>(`${currentVariables} ORDER BY environment, name`, [app, environment ?? null]);
  return rows.map((row) => ({
    name: row.name,
    environment: row.environment,
    version: row.version,
    updatedAtMs: row.created_at.getTime(),
    updatedBy: row.created_by,
  }));
}
