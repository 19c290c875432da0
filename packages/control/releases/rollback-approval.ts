import type { AppName, DeploymentId } from "@evenkeel/model";
import { lockEnvironment } from "../apps/lock-environment.ts";
import { record } from "../audit/audit-log.ts";
import type { Database } from "../database/database.ts";
import { RollbackNeedsApprovalError } from "../errors.ts";

/** Who asked before that knew of another situation. */
const validHours = 1;

export interface RollbackAsked {
  app: AppName;
  environment: "production" | "staging";
  from: DeploymentId;
  to: DeploymentId;
  who: string;
  reason: string | undefined;
}

/**
 * Takes two people to a rollback: the first one who asks is noted, and the second one's same command goes on. It is for exactly this rollback, and
 * used up by it.
 *
 * @throws RollbackNeedsApprovalError for the first of them, however often
 */
export async function requireTwoPeople(database: Database, asked: RollbackAsked): Promise<void> {
  const { app, environment, from, to, who, reason } = asked;
  const isAgreed = await database.transaction(async (connection) => {
    await lockEnvironment(connection, app, environment);
    const of = [app, environment, from, to, who];
    const open = await connection.query<{ by: string }>(
      `SELECT created_by AS by FROM rollback_approvals
       WHERE app = $1 AND environment = $2 AND from_deployment = $3 AND to_deployment = $4
         AND used_at IS NULL AND created_at > now() - interval '${validHours} hours' ORDER BY id`,
      of.slice(0, 4),
    );
    const agreed = open.find(({ by }) => by !== who);
    if (agreed) {
      await connection.query(
        `UPDATE rollback_approvals SET used_at = now(), used_by = $5
         WHERE app = $1 AND environment = $2 AND from_deployment = $3 AND to_deployment = $4 AND used_at IS NULL`,
        of,
      );
    } else if (open.length === 0) {
      await connection.query(
        `INSERT INTO rollback_approvals (app, environment, from_deployment, to_deployment, created_by, reason)
         VALUES ($1, $2, $3, $4, $5, $6)`,
        [...of, reason ?? null],
      );
    }
    await record(connection, {
      ...{ who, action: agreed ? "rollback.approve" : "rollback.ask", app, object: to },
      detail: { environment, from, ...(agreed && { askedBy: agreed.by }), ...(reason && { reason }) },
    });
    return agreed !== undefined;
  });
  if (!isAgreed) throw new RollbackNeedsApprovalError(app, environment, to, who);
}
