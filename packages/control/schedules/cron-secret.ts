import { randomBytes } from "node:crypto";
import type { DeploymentId } from "@evenkeel/model";
import type { Connection } from "../database/connection.ts";
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
  const [kept] = await connection.query<{ sealed: Buffer }>(
    "SELECT sealed FROM cron_secrets WHERE app = $1 AND environment = $2",
    [app, environment],
  );
  const value = vault.unseal(kept!.sealed, { app, environment, name });
  await attachVariables(connection, vault, deployment, { [name]: value });
}

/** What the deployment's own code has to compare with. @throws DeploymentUnknownError, VaultKeyMismatchError */
export async function cronSecretOf(
  connection: Connection,
  vault: Vault,
  deployment: DeploymentId,
): Promise<string | undefined> {
  return (await openEnvironment(connection, vault, deployment)).user[cronSecretName];
}
