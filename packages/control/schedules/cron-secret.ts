import { randomBytes } from "node:crypto";
import type { AppEnvironment, DeploymentId } from "@evenkeel/model";
import { type Connection, first } from "../database/connection.ts";
import { attachVariables } from "../deployments/attach-variables.ts";
import { openEnvironment } from "../deployments/deployment-environment.ts";
import type { DeploymentRow } from "../deployments/deployment-row.ts";
import { CronSecretRefusedError } from "../errors.ts";
import type { Vault } from "../vault/vault.ts";

/** https://vercel.com/docs/cron-jobs/manage-cron-jobs#securing-cron-jobs */
export const cronSecretName = "CRON_SECRET";

/**
 * Gives a deployment with schedules the secret by which it tells the scheduler from others. A person's own wins. Previews get one of their
 * own though nothing calls them: compared with none, the header `Bearer undefined` would open their routes to everybody. May be repeated.
 *
 * @throws CronSecretRefusedError
 */
export async function attachCronSecret(
  connection: Connection,
  vault: Vault,
  deployment: Pick<DeploymentRow, "id" | "app" | "environment">,
): Promise<void> {
  const { app, environment } = deployment;
  const name = cronSecretName;
  const own = await cronSecretOf(connection, vault, deployment.id);
  if (own !== undefined && !/^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(own)) {
    throw new CronSecretRefusedError(environment);
  }
  await connection.query(
    "INSERT INTO cron_secrets (app, environment, sealed) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
    [app, environment, vault.seal(randomBytes(24).toString("hex"), { app, environment, name })],
  );
  const value = await generatedCronSecret(connection, vault, deployment);
  await attachVariables(connection, vault, deployment, { [name]: value! });
}

/** The environment's generated one; undefined while none was needed. @throws VaultKeyMismatchError */
export async function generatedCronSecret(
  connection: Connection,
  vault: Vault,
  { app, environment }: AppEnvironment,
): Promise<string | undefined> {
  const row = await first(
    connection.query<{ sealed: Buffer }>(
      "SELECT sealed FROM cron_secrets WHERE app = $1 AND environment = $2",
      [app, environment],
    ),
  );
  return row && vault.unseal(row.sealed, { app, environment, name: cronSecretName });
}

/** What was generated is never given to a deployment again, also where a person's own is removed later. */
export async function replaceCronSecret(
  connection: Connection,
  vault: Vault,
  { app, environment }: AppEnvironment,
  value: string,
): Promise<void> {
  await connection.query("UPDATE cron_secrets SET sealed = $3 WHERE app = $1 AND environment = $2", [
    ...[app, environment, vault.seal(value, { app, environment, name: cronSecretName })],
  ]);
}

/** What the deployment's own code has to compare with. @throws DeploymentUnknownError, VaultKeyMismatchError */
export async function cronSecretOf(
  connection: Connection,
  vault: Vault,
  deployment: DeploymentId,
): Promise<string | undefined> {
  return (await openEnvironment(connection, vault, deployment)).user[cronSecretName];
}
