import { join } from "node:path";
import type { DatabaseName, DeploymentId } from "@evenkeel/model";
import { getApp } from "../apps/app-store.ts";
import type { Database } from "../database/database.ts";
import type { DeploymentRow } from "../deployments/deployment-row.ts";
import type { BuildLog } from "../logs/build-log.ts";
import type { Vault } from "../vault/vault.ts";
import { hasDatabase, wantDatabase } from "./database-store.ts";
import type { DatabasesLink } from "./databases-link.ts";
import { needsDatabase } from "./needs-database.ts";

/** Any of these from a person means a database elsewhere, and then nothing is added: half of ours and half of theirs would be neither. */
const external = [
  "DATABASE_URL",
  "DIRECT_URL",
  "POSTGRES_URL",
  "POSTGRES_PRISMA_URL",
  "POSTGRES_HOST",
  "PGHOST",
  "PGSERVICE",
];

export interface AttachParts {
  database: Database;
  vault: Vault;
  databases: DatabasesLink;
}

/**
 * Gives a deployment the address of its environment's database, which is made first where the source needs one. The variables become the
 * deployment's own, so that build, instances and rollbacks see the same. May be repeated.
 *
 * @throws ReportedError, DatabasesUnreachableError
 */
export async function attachDatabase(
  { database, vault, databases }: AttachParts,
  deployment: Pick<DeploymentRow, "id" | "app" | "environment" | "createdBy">,
  sourceFolder: string,
  log: BuildLog,
): Promise<void> {
  const { app, environment } = deployment;
  const name: DatabaseName = { app, environment };
  const { id: appId, settings } = await getApp(database, app);
  const wanted = await hasDatabase(database, name);
  const need = wanted ? undefined : needsDatabase(join(sourceFolder, settings.rootDirectory ?? ""));
  if (!wanted && need === undefined) return;
  const given = await database.query<{ name: string }>(
    "SELECT name FROM deployment_variables WHERE deployment = $1 AND name = ANY ($2) AND NOT attached",
    [deployment.id, external],
  );
  if (given.length > 0) {
    log.note(`Uses the database that ${given.map((variable) => variable.name).join(", ")} names`);
    return;
  }
  if (need !== undefined) {
    log.note(`Making a database for ${environment}: ${need}`);
    await wantDatabase(database, name, deployment.createdBy);
  }
  await databases.ask({ type: "ensure", appId, ...name });
  const { variables = {} } = await databases.ask({ type: "credentials", ...name });
  await storeVariables(database, vault, { ...name, id: deployment.id }, variables);
  log.note(`Database: DATABASE_URL, PGHOST and the like name the one of ${app}/${environment}`);
}

/** A person's variable of the same name stays. */
async function storeVariables(
  database: Database,
  vault: Vault,
  { app, environment, id }: DatabaseName & { id: DeploymentId },
  variables: Record<string, string>,
): Promise<void> {
  const names = Object.keys(variables);
  const sealed = names.map((name) => vault.seal(variables[name]!, { app, environment, name }));
  await database.query(
    `INSERT INTO deployment_variables (deployment, name, sealed, attached)
     SELECT $1, name, sealed, true FROM unnest($2::text[], $3::bytea[]) AS given (name, sealed)
     ON CONFLICT (deployment, name) DO UPDATE SET sealed = excluded.sealed WHERE deployment_variables.attached`,
    [id, names, sealed],
  );
}
