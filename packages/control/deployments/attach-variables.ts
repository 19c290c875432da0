import type { Connection } from "../database/connection.ts";
import type { Vault } from "../vault/vault.ts";
import type { DeploymentRow } from "./deployment-row.ts";

/** Makes variables of what the platform gives a deployment: its database, its bucket. A person's variable of the same name stays. May be repeated. */
export async function attachVariables(
  connection: Connection,
  vault: Vault,
  { id, app, environment }: Pick<DeploymentRow, "id" | "app" | "environment">,
  variables: Record<string, string>,
): Promise<void> {
  const names = Object.keys(variables);
  const sealed = names.map((name) => vault.seal(variables[name]!, { app, environment, name }));
  await connection.query(
    `INSERT INTO deployment_variables (deployment, name, sealed, attached)
     SELECT $1, name, sealed, true FROM unnest($2::text[], $3::bytea[]) AS given (name, sealed)
     ON CONFLICT (deployment, name) DO UPDATE SET sealed = excluded.sealed WHERE deployment_variables.attached`,
    [id, names, sealed],
  );
}
