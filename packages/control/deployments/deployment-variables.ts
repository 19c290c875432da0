import type { AppName, DeploymentId, EnvironmentName } from "@evenkeel/model";
import type { Connection } from "../database/connection.ts";
import type { Vault } from "../vault/vault.ts";

/**
 * Where a deployment has a variable from; the first of these wins.
 *
 * - `given`: with the deployment itself (`--env-file`).
 * - `environment`: set by a person for the app's environment.
 * - `declared`: `env` of the source's `vercel.json`.
 * - `attached`: by the platform, such as the address of the environment's database.
 */
export type VariableOrigin = "given" | "environment" | "attached" | "declared";

/** A variable of one deployment, open. */
export interface DeploymentVariable {
  name: string;
  value: string;
  origin: VariableOrigin;
  plain: boolean;
  /** Of the environment's variable. */
  version: number | null;
}

interface Named {
  id: DeploymentId;
  app: AppName;
  environment: EnvironmentName;
}

interface Row {
  name: string;
  sealed: Buffer;
  version: number | null;
  attached: boolean;
  declared: boolean;
  plain: boolean;
}

/** @throws VaultKeyMismatchError */
export async function openDeploymentVariables(
  connection: Connection,
  vault: Vault,
  { id, app, environment }: Named,
): Promise<DeploymentVariable[]> {
  const rows = await connection.query<Row>(
    `SELECT name, sealed, version, attached, declared, plain FROM deployment_variables
     WHERE deployment = $1 ORDER BY name`,
    [id],
  );
  return rows.map((row) => ({
    name: row.name,
    value: vault.unseal(row.sealed, { app, environment, name: row.name }),
    origin: originOf(row),
    plain: row.plain,
    version: row.version,
  }));
}

function originOf({ attached, declared, version }: Row): VariableOrigin {
  if (attached) return "attached";
  if (declared) return "declared";
  return version === null ? "given" : "environment";
}

/** Those that the deployment has already stay. */
export async function writeDeploymentVariables(
  connection: Connection,
  vault: Vault,
  { id, app, environment }: Named,
  variables: DeploymentVariable[],
): Promise<void> {
  const column = <Value>(of: (variable: DeploymentVariable) => Value) => variables.map(of);
  await connection.query(
    `INSERT INTO deployment_variables (deployment, name, sealed, version, attached, declared, plain)
     SELECT $1, * FROM unnest($2::text[], $3::bytea[], $4::integer[], $5::boolean[], $6::boolean[], $7::boolean[])
     ON CONFLICT (deployment, name) DO NOTHING`,
    [
      id,
      column(({ name }) => name),
      column(({ name, value }) => vault.seal(value, { app, environment, name })),
      column(({ version }) => version),
      column(({ origin }) => origin === "attached"),
      column(({ origin }) => origin === "declared"),
      column(({ plain }) => plain),
    ],
  );
}
