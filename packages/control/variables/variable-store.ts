import type { AppName, DeploymentId, EnvironmentName } from "@evenkeel/model";
import type { VariableChangeKind } from "../api/contract/index.ts";
import type { Connection } from "../database/connection.ts";
import type { Vault } from "../vault/vault.ts";

/** A variable of an environment, open. */
export interface OpenVariable {
  value: string;
  /** No secret: logs show it. */
  plain: boolean;
  version: number;
}

/** What a change makes of an environment. */
export interface VariableChange {
  app: AppName;
  environment: EnvironmentName;
  kind: VariableChangeKind;
  set: Record<string, { value: string; plain: boolean }>;
  /** Names that are set. */
  remove: string[];
  who: string;
  reason?: string | undefined;
  /** That brings it, or brought it back. */
  deployment?: DeploymentId | undefined;
}

/** The values that count now, sealed. */
export const currentVariables = `SELECT * FROM (
    SELECT DISTINCT ON (environment, name) * FROM variables
    WHERE app = $1 AND ($2::text IS NULL OR environment = $2) ORDER BY environment, name, version DESC
  ) newest WHERE sealed IS NOT NULL`;

export interface VariableRow {
  name: string;
  environment: EnvironmentName;
  version: number;
  plain: boolean;
  sealed: Buffer;
  created_at: Date;
  created_by: string;
}

export const variableRows = (
  connection: Connection,
  app: AppName,
  environment?: EnvironmentName,
): Promise<VariableRow[]> =>
  connection.query<VariableRow>(`${currentVariables} ORDER BY environment, name`, [app, environment ?? null]);

/** @throws VaultKeyMismatchError */
export async function openVariables(
  connection: Connection,
  vault: Vault,
  app: AppName,
  environment: EnvironmentName,
): Promise<Map<string, OpenVariable>> {
  const rows = await variableRows(connection, app, environment);
  return new Map(
    rows.map(({ name, sealed, plain, version }) => [
      name,
      { value: vault.unseal(sealed, { app, environment, name }), plain, version },
    ]),
  );
}

/**
 * Appends a version of each, a removed one's without a value, and says who did it. The caller holds the environment's row.
 *
 * @returns number of the change
 */
export async function appendChange(
  connection: Connection,
  vault: Vault,
  change: VariableChange,
): Promise<number> {
  const { app, environment, who } = change;
  const [row] = await connection.query<{ id: number }>(
    `INSERT INTO variable_changes (app, environment, kind, reason, deployment, created_by)
     VALUES ($1, $2, $3, $4, $5, $6) RETURNING id`,
    [app, environment, change.kind, change.reason ?? null, change.deployment ?? null, who],
  );
  const set = Object.entries(change.set);
  const names = [...set.map(([name]) => name), ...change.remove];
  const sealed = [
    ...set.map(([name, { value }]) => vault.seal(value, { app, environment, name })),
    ...change.remove.map(() => null),
  ];
  const plain = [...set.map(([, variable]) => variable.plain), ...change.remove.map(() => false)];
  await connection.query(
    `INSERT INTO variables (app, environment, name, version, sealed, plain, change, created_by)
     SELECT $1, $2, given.name, 1 + coalesce((SELECT max(version) FROM variables old
       WHERE old.app = $1 AND old.environment = $2 AND old.name = given.name), 0), given.sealed, given.plain, $6, $7
     FROM unnest($3::text[], $4::bytea[], $5::boolean[]) AS given (name, sealed, plain)`,
    [app, environment, names, sealed, plain, row!.id, who],
  );
  return row!.id;
}

export async function linkChanges(
  connection: Connection,
  changes: number[],
  deployment: DeploymentId,
): Promise<void> {
  await connection.query("UPDATE variable_changes SET deployment = $2 WHERE id = ANY ($1)", [
    changes,
    deployment,
  ]);
}
