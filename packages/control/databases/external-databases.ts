import type { AppName, EnvironmentName } from "@evenkeel/model";
import { addressFromVariables, urlVariables } from "@evenkeel/postgres/client/database-address";
import type { ExternalDatabase } from "../api/contract/index.ts";
import type { Connection } from "../database/connection.ts";
import type { Vault } from "../vault/vault.ts";

interface Row extends Record<string, unknown> {
  app: AppName;
  environment: EnvironmentName;
  name: string;
  sealed: Buffer;
}

/** Databases that variables of environments name, as they are set now; of all apps or one. Never their passwords. */
export async function externalDatabases(
  connection: Connection,
  vault: Vault,
  app?: AppName,
): Promise<ExternalDatabase[]> {
  const rows = await connection.query<Row>(
    `SELECT app, environment, name, sealed FROM (
       SELECT DISTINCT ON (app, environment, name) app, environment, name, sealed FROM variables
       WHERE name = ANY ($1) AND environment <> 'development' AND ($2::text IS NULL OR app = $2)
       ORDER BY app, environment, name, version DESC) newest
     WHERE sealed IS NOT NULL ORDER BY app, environment`,
    [[...urlVariables, "PGHOST", "PGPORT", "PGUSER", "PGDATABASE"], app ?? null],
  );
  return [...Map.groupBy(rows, (row) => `${row.app}/${row.environment}`).values()].flatMap((group) => {
    const [{ app, environment }] = group as [Row, ...Row[]];
    const variables = Object.fromEntries(
      group.map(({ name, sealed }) => [name, vault.unseal(sealed, { app, environment, name })]),
    );
    return describe({ app, environment }, variables);
  });
}

function describe(
  name: Pick<ExternalDatabase, "app" | "environment">,
  variables: Record<string, string>,
): ExternalDatabase[] {
  try {
    const found = addressFromVariables(variables);
    if (!found) return [];
    const { host, port, database } = found.address;
    return [{ ...name, state: "external", variable: found.variable, host, port, database }];
  } catch {
    // It is told where it is used.
    return [];
  }
}
