import { variableFaults } from "@evenkeel/runbook";
import type { ScheduleDefinition } from "@evenkeel/schedules";
import type { Connection } from "../database/connection.ts";
import type { DeploymentRow } from "../deployments/deployment-row.ts";
import type { DeploymentVariable } from "../deployments/deployment-variables.ts";
import { EnvironmentRefusedError, SchedulesMissingError } from "../errors.ts";
import { deploymentRunbook, storedRunbook } from "./runbook-store.ts";

/**
 * What a runbook says of variables and of the jobs of production, held against the build.
 *
 * @throws EnvironmentRefusedError, SchedulesMissingError
 */
export async function checkRelease(
  connection: Connection,
  deployment: Pick<DeploymentRow, "id" | "app" | "environment" | "systemEnvironment">,
  variables: readonly Pick<DeploymentVariable, "name" | "value">[],
): Promise<void> {
  const runbook = await deploymentRunbook(connection, deployment.id);
  if (!runbook) return;
  const { app, environment, id } = deployment;
  const values: Record<string, string> = { NODE_ENV: "production", ...deployment.systemEnvironment };
  for (const { name, value } of variables) values[name] = value;
  const faults = variableFaults(runbook.plan.variables, values);
  const { file } = (await storedRunbook(connection, id))!;
  if (faults.length > 0) throw new EnvironmentRefusedError(app, environment, file, faults);
  if (environment !== "production") return;
  const rows = await connection.query<{ definition: ScheduleDefinition }>(
    "SELECT definition FROM deployment_schedules WHERE deployment = $1",
    [id],
  );
  const missing = Object.entries(runbook.plan.schedules).filter(
    ([path, cron]) => !rows.some(({ definition }) => definition.path === path && definition.cron === cron),
  );
  if (missing.length > 0) throw new SchedulesMissingError(file, missing);
}
