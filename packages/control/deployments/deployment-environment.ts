import {
  type AppName,
  type DeploymentId,
  type EnvironmentName,
  type HostedDeployment,
  secretVariables,
} from "@evenkeel/model";
import type { Connection } from "../database/connection.ts";
import { DeploymentUnknownError, VaultKeyMismatchError } from "../errors.ts";
import type { Vault } from "../vault/vault.ts";
import { buildOnlyVariables } from "./system-environment.ts";

/** The variables of one deployment, open. */
export interface OpenEnvironment {
  /** A person's. */
  user: Record<string, string>;
  /** The platform's; they win. */
  system: Record<string, string>;
  /** Of `user`: what no log may show. */
  secrets: Record<string, string>;
}

interface SealedEnvironment {
  id: DeploymentId;
  app: AppName;
  environment: EnvironmentName;
  system: Record<string, string>;
  names: string[];
  sealed: Buffer[];
  plain: string[];
}

/** What the build of a deployment sees. @throws DeploymentUnknownError, VaultKeyMismatchError, DatabaseUnavailableError */
export async function openEnvironment(
  connection: Connection,
  vault: Vault,
  id: DeploymentId,
): Promise<OpenEnvironment> {
  const [row] = await sealedEnvironments(connection, [id]);
  if (!row) throw new DeploymentUnknownError(id);
  return open(vault, row);
}

/**
 * What the host gives to instances. A deployment whose variables do not open is left out, and cannot start: one damaged row must
 * not keep the host from hearing of all others.
 */
export async function hostedDeployments(
  connection: Connection,
  vault: Vault,
  ids: DeploymentId[],
): Promise<HostedDeployment[]> {
  const hosted: HostedDeployment[] = [];
  for (const row of await sealedEnvironments(connection, ids)) {
    try {
      const { user, system, secrets } = open(vault, row);
      const environment = { ...user, ...system };
      for (const name of buildOnlyVariables) delete environment[name];
      const plain = Object.keys(environment).filter((name) => !Object.hasOwn(secrets, name));
      hosted.push({ id: row.id, app: row.app, environment, plain });
    } catch (error) {
      if (!(error instanceof VaultKeyMismatchError)) throw error;
      console.error(`control: deployment ${row.id} cannot be started: ${error.message}`);
    }
  }
  return hosted;
}

const sealedEnvironments = (connection: Connection, ids: DeploymentId[]): Promise<SealedEnvironment[]> =>
  connection.query<SealedEnvironment>(
    `SELECT id, app, environment, system_environment AS system,
       coalesce(array_agg(name ORDER BY name) FILTER (WHERE name IS NOT NULL), '{}') AS names,
       coalesce(array_agg(sealed ORDER BY name) FILTER (WHERE name IS NOT NULL), '{}') AS sealed,
       coalesce(array_agg(name) FILTER (WHERE plain), '{}') AS plain
     FROM deployments LEFT JOIN deployment_variables ON deployment = id
     WHERE id = ANY ($1) GROUP BY id`,
    [ids],
  );

function open(vault: Vault, row: SealedEnvironment): OpenEnvironment {
  const { app, environment, system, names, sealed, plain } = row;
  const user: Record<string, string> = {};
  for (const [index, name] of names.entries())
    user[name] = vault.unseal(sealed[index]!, { app, environment, name });
  return { user, system, secrets: secretVariables(user, plain) };
}
