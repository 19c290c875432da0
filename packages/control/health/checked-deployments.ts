import type { AppName, DeploymentId } from "@evenkeel/model";
import type { Connection } from "../database/connection.ts";
import { type ReleasePlan, releasePlan } from "../gates/release-plan.ts";

export type HealthCheckPlan = ReleasePlan["healthChecks"][number];

export interface CheckedDeployment {
  app: AppName;
  environment: "production" | "staging";
  deployment: DeploymentId;
  /** Its own host name. */
  host: string;
  isCanary: boolean;
  checks: HealthCheckPlan[];
}

/** What answers in production and staging, canaries among it, with the checks of its plan. */
export async function checkedDeployments(connection: Connection): Promise<CheckedDeployment[]> {
  const rows = await connection.query<Omit<CheckedDeployment, "checks"> & Record<string, unknown>>(
    `SELECT aliases.app, aliases.kind AS environment, deployments.id AS deployment, deployments.host,
       deployments.id = aliases.canary AS "isCanary"
     FROM aliases JOIN deployments ON deployments.id = aliases.deployment OR deployments.id = aliases.canary
     WHERE aliases.kind IN ('production', 'staging') ORDER BY aliases.host`,
  );
  const checked: CheckedDeployment[] = [];
  for (const row of rows) {
    const { healthChecks } = await releasePlan(connection, { ...row, id: row.deployment });
    const isCanary = row.isCanary === true;
    if (healthChecks.length > 0) checked.push({ ...row, isCanary, checks: healthChecks });
  }
  return checked;
}
