import type { DeploymentId } from "@evenkeel/model";
import type { Connection } from "../database/connection.ts";
import type { DeploymentRow } from "../deployments/deployment-row.ts";
import type { Vault } from "../vault/vault.ts";
import { attachCronSecret } from "./cron-secret.ts";

/** A deployment that serves the build of `base` declares the same schedules, and has a secret also where a person's was taken away. */
export async function inheritSchedules(
  connection: Connection,
  vault: Vault,
  base: DeploymentId,
  deployment: Pick<DeploymentRow, "id" | "app" | "environment">,
): Promise<void> {
  const inherited = await connection.query(
    `INSERT INTO deployment_schedules (deployment, name, definition)
     SELECT $2, name, definition FROM deployment_schedules WHERE deployment = $1 RETURNING 1`,
    [base, deployment.id],
  );
  if (inherited.length > 0) await attachCronSecret(connection, vault, deployment);
}
