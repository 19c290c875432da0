import type { AppName, DeploymentId, EnvironmentName, HostedDeployment } from "@evenkeel/model";
import type { Connection } from "../database/connection.ts";
import type { Vault } from "../vault/vault.ts";
import { buildOnlyVariables } from "./system-environment.ts";

/** The variables of one deployment, open. */
export interface OpenEnvironment {
  /** A person's. */
  user: Record<string, string>;
  /** The platform's; they win. */
  system: Record<string, string>;
}

/** @throws VaultKeyMismatchError, DatabaseUnavailableError */
export async function openEnvironments(
  connection: Connection,
  vault: Vault,
  ids: DeploymentId[],
): Promise<Map<DeploymentId, OpenEnvironment & { app: AppName }>> {
  const rows = await connection.query<{
    id: DeploymentId;
    app: AppName;
    environment: EnvironmentName;
    system: Record<string, string>;
    names: string[];
    sealed: Buffer[];
  }>(
    `SELECT id, app, environment, system_environment AS system,
       coalesce(array_agg(name ORDER BY name) FILTER (WHERE name IS NOT NULL), '{}') AS names,
       coalesce(array_agg(sealed ORDER BY name) FILTER (WHERE name IS NOT NULL), '{}') AS sealed
     FROM deployments LEFT JOIN deployment_variables ON deployment = id
     WHERE id = ANY ($1) GROUP BY id`,
    [ids],
  );
  return new Map(
    rows.map(({ id, app, environment, system, names, sealed }) => {
      const user: Record<string, string> = {};
      for (const [index, name] of names.entries()) {
        user[name] = vault.unseal(sealed[index]!, { app, environment, name });
      }
      return [id, { app, user, system }];
    }),
  );
}

/** What the host gives to instances. */
export async function hostedDeployments(
  connection: Connection,
  vault: Vault,
  ids: DeploymentId[],
): Promise<HostedDeployment[]> {
  const environments = await openEnvironments(connection, vault, ids);
  return [...environments].map(([id, { app, user, system }]) => {
    const environment = { ...user, ...system };
    for (const name of buildOnlyVariables) delete environment[name];
    return { id, app, environment };
  });
}
