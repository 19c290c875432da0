import type { AppName } from "@evenkeel/model";
import type { RunbookPlan } from "@evenkeel/runbook";
import { record } from "../audit/audit-log.ts";
import { type Connection, first } from "../database/connection.ts";
import type { DeploymentRow } from "../deployments/deployment-row.ts";
import { deploymentRunbook } from "../runbook/runbook-store.ts";

/** What has to hold for a deployment to be released, and how that is done. */
export type ReleasePlan = Pick<
  RunbookPlan,
  "canary" | "pipelineChecks" | "smokeTests" | "budgets" | "healthChecks" | "approvals"
>;

export const emptyReleasePlan = (): ReleasePlan => ({
  ...{ pipelineChecks: [], smokeTests: [], budgets: [], healthChecks: [] },
  approvals: { manualRollback: 0 },
});

/** Of a deployment: what its runbook says, and where that is silent what is set for its environment. */
export async function releasePlan(
  connection: Connection,
  { id, app, environment }: Pick<DeploymentRow, "id" | "app" | "environment">,
): Promise<ReleasePlan> {
  const set = await environmentPlan(connection, { app, environment });
  const own = (await deploymentRunbook(connection, id))?.plan;
  if (!own) return set;
  const said = <Item>(items: Item[], otherwise: Item[]): Item[] => (items.length > 0 ? items : otherwise);
  return {
    ...(own.canary ? { canary: own.canary } : set.canary && { canary: set.canary }),
    pipelineChecks: said(own.pipelineChecks, set.pipelineChecks),
    smokeTests: said(own.smokeTests, set.smokeTests),
    budgets: said(own.budgets, set.budgets),
    healthChecks: said(own.healthChecks, set.healthChecks),
    // What is set stands, whatever a deployment says of itself.
    approvals: {
      manualRollback: most(own.approvals.manualRollback, set.approvals.manualRollback),
      productionDeploy: most(own.approvals.productionDeploy, set.approvals.productionDeploy),
    },
  };
}

const most = (...people: (0 | 1 | 2 | undefined)[]): 0 | 1 | 2 =>
  Math.max(...people.map((count) => count ?? 0)) as 0 | 1 | 2;

/** As it is set, whatever a deployment's runbook says. */
export async function environmentPlan(
  connection: Connection,
  { app, environment }: { app: string; environment: string },
): Promise<ReleasePlan> {
  const row = await first(
    connection.query<{ plan: Partial<ReleasePlan> }>(
      "SELECT release_plan AS plan FROM environments WHERE app = $1 AND name = $2",
      [app, environment],
    ),
  );
  return { ...emptyReleasePlan(), ...row?.plan };
}

/** In place of what was set before. */
export async function setEnvironmentPlan(
  connection: Connection,
  { app, environment }: { app: AppName; environment: string },
  plan: Partial<ReleasePlan>,
  who: string,
): Promise<void> {
  await connection.query("UPDATE environments SET release_plan = $3 WHERE app = $1 AND name = $2", [
    app,
    environment,
    JSON.stringify(plan),
  ]);
  await record(connection, { who, action: "release-plan.set", app, detail: { environment, plan } });
}
