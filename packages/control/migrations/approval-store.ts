import type { DeploymentId } from "@evenkeel/model";
import { record } from "../audit/audit-log.ts";
import { type Connection, first } from "../database/connection.ts";
import type { DatabaseEnvironment } from "./migration-store.ts";

export interface Approved {
  createdBy: string;
  createdAt: Date;
}

export interface ApprovalWish extends DatabaseEnvironment {
  key: string;
  /** What the person saw. */
  statements: object[];
  migrations: string[];
  reason: string | undefined;
  who: string;
}

/** Part of a transaction. An approval that nobody has used yet is not given twice. */
export async function recordApproval(connection: Connection, wish: ApprovalWish): Promise<void> {
  const { app, environment, key, statements, migrations, reason, who } = wish;
  if (await findApproval(connection, wish)) return;
  await connection.query(
    `INSERT INTO migration_approvals (app, environment, key, statements, reason, created_by)
     VALUES ($1, $2, $3, $4, $5, $6)`,
    [app, environment, key, JSON.stringify(statements), reason ?? null, who],
  );
  await record(connection, {
    ...{ who, action: "migration.approve", app, object: migrations.join(" ") },
    detail: { environment, key, ...(reason === undefined ? {} : { reason }) },
  });
}

/** One that is still good: for anybody, or for the named deployment alone. */
export const findApproval = (
  connection: Connection,
  { app, environment, key }: DatabaseEnvironment & { key: string },
  id?: DeploymentId,
): Promise<Approved | undefined> =>
  first(
    connection.query<Approved & Record<string, unknown>>(
      `SELECT created_by AS "createdBy", created_at AS "createdAt" FROM migration_approvals
       WHERE app = $1 AND environment = $2 AND key = $3 AND (used_by IS NULL OR used_by = $4) ORDER BY id LIMIT 1`,
      [app, environment, key, id ?? null],
    ),
  );

/** Takes one for the deployment's run; the same deployment finds it again after a crash. */
export const takeApproval = (
  connection: Connection,
  { app, environment, key }: DatabaseEnvironment & { key: string },
  id: DeploymentId,
): Promise<Approved | undefined> =>
  first(
    connection.query<Approved & Record<string, unknown>>(
      `UPDATE migration_approvals SET used_by = $4, used_at = now() WHERE id = (
         SELECT id FROM migration_approvals
         WHERE app = $1 AND environment = $2 AND key = $3 AND (used_by IS NULL OR used_by = $4) ORDER BY id LIMIT 1 FOR UPDATE)
       RETURNING created_by AS "createdBy", created_at AS "createdAt"`,
      [app, environment, key, id],
    ),
  );

/** After a run that failed: the statements that it was for have not all run. */
export async function giveApprovalBack(connection: Connection, id: DeploymentId): Promise<void> {
  await connection.query("UPDATE migration_approvals SET used_by = NULL, used_at = NULL WHERE used_by = $1", [
    id,
  ]);
}
