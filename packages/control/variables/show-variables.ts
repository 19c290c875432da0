import type { AppName, EnvironmentName } from "@evenkeel/model";
import type { Variable } from "../api/contract/index.ts";
import type { Place } from "../apps/hosts.ts";
import { record } from "../audit/audit-log.ts";
import type { Database } from "../database/database.ts";
import { openDeploymentVariables } from "../deployments/deployment-variables.ts";
import { liveDeployment } from "../deployments/derive-deployment.ts";
import { VariableUnknownError } from "../errors.ts";
import type { Vault } from "../vault/vault.ts";
import { openVariables, variableRows } from "./variable-store.ts";

interface Parts {
  database: Database;
  vault: Vault;
  place: Place;
}

/** Names with who set them when, and whether what is released has them so; never values. */
export async function listVariables(
  parts: Parts,
  app: AppName,
  environment?: EnvironmentName,
): Promise<Variable[]> {
  const rows = await variableRows(parts.database, app, environment);
  const live = new Map<EnvironmentName, Map<string, string> | undefined>();
  for (const name of new Set(rows.map((row) => row.environment)))
    live.set(name, await liveValues(parts, app, name));
  return rows.map((row) => {
    const values = live.get(row.environment);
    const value = () => parts.vault.unseal(row.sealed, { app, environment: row.environment, name: row.name });
    return {
      name: row.name,
      environment: row.environment,
      version: row.version,
      plain: row.plain,
      ...(values ? { live: values.get(row.name) === value() } : {}),
      updatedAtMs: row.created_at.getTime(),
      updatedBy: row.created_by,
    };
  });
}

async function liveValues(
  { database, vault, place }: Parts,
  app: AppName,
  environment: EnvironmentName,
): Promise<Map<string, string> | undefined> {
  const deployment = await liveDeployment(database, app, environment, place);
  if (!deployment) return undefined;
  const variables = await openDeploymentVariables(database, vault, deployment);
  return new Map(variables.map(({ name, value }) => [name, value]));
}

/**
 * Values in clear, all where none are named. It is on record before anybody sees them.
 *
 * @throws VariableUnknownError naming all that are not set
 */
export function revealVariables(
  { database, vault }: Parts,
  wish: { app: AppName; environment: EnvironmentName; names?: string[] | undefined; who: string },
): Promise<Record<string, string>> {
  const { app, environment, who } = wish;
  return database.transaction(async (connection) => {
    const variables = await openVariables(connection, vault, app, environment);
    const names = wish.names ?? [...variables.keys()];
    const unknown = names.filter((name) => !variables.has(name));
    if (unknown.length > 0) throw new VariableUnknownError(unknown, environment);
    await record(connection, { who, action: "variable.reveal", app, detail: { environment, names } });
    return Object.fromEntries(names.map((name) => [name, variables.get(name)!.value]));
  });
}
