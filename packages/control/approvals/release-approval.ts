import type { DeploymentId } from "@evenkeel/model";
import type { Connection } from "../database/connection.ts";
import type { Database } from "../database/database.ts";
import { type DeploymentRow, getDeployment } from "../deployments/deployment-row.ts";
import { ApprovalNeededError, RollbackNeedsApprovalError } from "../errors.ts";
import { environmentPlan, releasePlan } from "../gates/release-plan.ts";
import { type ApprovalWish, ask, newestFor, useUp, type Voice } from "./approval-store.ts";

const hourMs = 3_600_000;
/** Who asked before that knew of another situation. */
const rollbackValidMs = hourMs;
const deployValidMs = 7 * 24 * hourMs;

export interface Moved {
  deployment: DeploymentRow;
  /** What answers now. */
  from: DeploymentId;
}

/**
 * How many people a deploy to production needs: by the runbook that it brings, by the one in force, and by what is set; the most of them. So a deploy
 * cannot let itself through by leaving the clause out.
 */
export async function deployNeeds(connection: Connection, deployment: DeploymentRow): Promise<number> {
  const { app, environment, derivedFrom } = deployment;
  // Other variables for the build that answers: they have rules of their own.
  if (environment !== "production" || derivedFrom !== null) return 0;
  const alias = await connection.query<{ deployment: DeploymentId | null }>(
    "SELECT deployment FROM aliases WHERE app = $1 AND kind = 'production'",
    [app],
  );
  const plans = [
    await environmentPlan(connection, { app, environment }),
    await releasePlan(connection, deployment),
  ];
  const live = alias[0]?.deployment;
  if (live) plans.push(await releasePlan(connection, { id: live, app, environment }));
  return Math.max(...plans.map(({ approvals }) => approvals.productionDeploy ?? 0));
}

/** All that decides what a deployment does once it is live. */
export async function deployWish(
  connection: Connection,
  { id, app, environment, sourceHash, reason }: DeploymentRow,
  needed: number,
): Promise<ApprovalWish> {
  const { output, git } = await getDeployment(connection, id);
  const [state] = await connection.query<{ variables: string }>(
    `SELECT encode(sha256(convert_to(coalesce(string_agg(name || ' ' || coalesce(version::text, 'given'), ',' ORDER BY name), ''), 'UTF8')), 'hex') AS variables
     FROM deployment_variables WHERE deployment = $1`,
    [id],
  );
  return {
    ...{ app, environment, kind: "deploy", needed, validMs: deployValidMs, reason: reason ?? undefined },
    content: {
      ...{ deployment: id, output, source: sourceHash, variables: state!.variables },
      ...(git?.sha && { commit: git.sha }),
      ...(git?.message && { message: git.message }),
    },
  };
}

/** For the step `approve` of a deploy, which may be run again after a crash: what became of it then stands. */
export const askToDeploy = (database: Database, deployment: DeploymentRow, needed: number) =>
  database.transaction(async (connection) => {
    const wish = await deployWish(connection, deployment, needed);
    return (
      (await newestFor(connection, wish)) ??
      ask(connection, wish, {
        who: deployment.createdBy,
        voice: deployment.voice ?? undefined,
      })
    );
  });

/** A promotion of what nobody has agreed to yet. @throws ApprovalNeededError */
export async function requireAgreedDeploy(
  database: Database,
  deployment: DeploymentRow,
  by: Voice,
): Promise<void> {
  const needed = await deployNeeds(database, deployment);
  if (needed < 2) return;
  const asked = await database.transaction(async (connection) => {
    const wish = await deployWish(connection, deployment, needed);
    if ((await newestFor(connection, wish))?.state === "used") return undefined;
    const approval = await ask(connection, wish, by);
    return (await useUp(connection, approval, by.who)) ? undefined : approval;
  });
  if (asked) throw new ApprovalNeededError(asked.app, asked.id, `release ${deployment.id}`);
}

/** @throws RollbackNeedsApprovalError for the first of the people, however often */
export async function requireAgreedRollback(
  database: Database,
  { deployment, from }: Moved,
  by: Voice & { reason: string | undefined },
): Promise<void> {
  const { app, environment, id: to } = deployment;
  if (environment === "preview") return;
  const { approvals } = await releasePlan(database, { id: from, app, environment });
  if (approvals.manualRollback !== 2) return;
  const asked = await database.transaction(async (connection) => {
    const approval = await ask(
      connection,
      {
        ...{ app, environment, kind: "rollback", content: { from, to }, needed: approvals.manualRollback },
        ...{ validMs: rollbackValidMs, reason: by.reason },
      },
      by,
    );
    return (await useUp(connection, approval, by.who)) ? undefined : approval;
  });
  if (asked) throw new RollbackNeedsApprovalError(app, environment, to, by.who, asked.id);
}
