import type { AppName, DeploymentId } from "@evenkeel/model";
import { addressFromVariables, type DatabaseAddress } from "@evenkeel/postgres/client/database-address";
import type { DeployableEnvironment } from "../api/contract/index.ts";
import type { Connection } from "../database/connection.ts";
import { openEnvironment } from "../deployments/deployment-environment.ts";
import type { Vault } from "../vault/vault.ts";

/** The deployment whose migrations it is about. */
export interface Migrated {
  id: DeploymentId;
  app: AppName;
  environment: DeployableEnvironment;
}

/** The database that a deployment's code will use. */
export interface MigrationTarget {
  /** `external`: a person's variable names it; backups are its provider's. */
  kind: "own" | "external";
  /** Where it was read from. */
  variable: string;
  address: DatabaseAddress;
  /** Nobody has to approve anything: the database is there to try things out. */
  free: boolean;
}

/**
 * Undefined where a deployment has no PostgreSQL database.
 *
 * A free hand is had in staging and previews with databases of their own. An external database may be anybody's, whatever the
 * environment is called.
 *
 * @throws InvalidValueError for an address that cannot be used
 */
export async function migrationTarget(
  connection: Connection,
  vault: Vault,
  { id, environment }: Migrated,
): Promise<MigrationTarget | undefined> {
  const { user } = await openEnvironment(connection, vault, id);
  const found = addressFromVariables(user);
  if (!found) return undefined;
  const [row] = await connection.query<{ attached: boolean }>(
    "SELECT attached FROM deployment_variables WHERE deployment = $1 AND name = $2",
    [id, found.variable],
  );
  const kind = row?.attached ? "own" : "external";
  return { ...found, kind, free: kind === "own" && environment !== "production" };
}
