import type { AppName, BranchName } from "@evenkeel/model";
import type { BranchPurpose } from "../api/contract/index.ts";
import { record } from "../audit/audit-log.ts";
import type { Connection } from "../database/connection.ts";
import { first } from "../database/connection.ts";
import { BranchTakenError } from "../errors.ts";

export interface BranchRow extends BranchName {
  appId: string;
  purpose: BranchPurpose;
  /** Of a preview without a git branch. */
  deployment: string | null;
  createdBy: string;
  /** After how many days without a connection it goes. */
  idleDays: number;
}

const usualIdleDays = 14;

/** Of all apps or one. */
export const listBranchRows = (connection: Connection, app?: AppName): Promise<BranchRow[]> =>
  connection.query<BranchRow & Record<string, unknown>>(
    `SELECT app, database_branches.name AS branch, apps.id AS "appId", purpose, deployment, database_branches.created_by AS "createdBy",
       coalesce((settings ->> 'branchIdleDays')::integer, $2) AS "idleDays"
     FROM database_branches JOIN apps ON apps.name = app WHERE $1::text IS NULL OR app = $1 ORDER BY app, branch`,
    [app ?? null, usualIdleDays],
  );

export async function hasBranch(connection: Connection, { app, branch }: BranchName): Promise<boolean> {
  const rows = await connection.query("SELECT 1 FROM database_branches WHERE app = $1 AND name = $2", [
    app,
    branch,
  ]);
  return rows.length > 0;
}

/**
 * From now on the app is to have the branch; false if it was so before.
 *
 * @throws BranchTakenError where one would be used for what it was not made for: what is looked at is as it was, personal data and all
 */
export async function wantBranch(
  connection: Connection,
  wish: BranchName & { purpose: BranchPurpose; deployment?: string; who: string; detail?: object },
): Promise<boolean> {
  const { app, branch, purpose, deployment, who, detail } = wish;
  const inserted = await connection.query(
    `INSERT INTO database_branches (app, name, purpose, deployment, created_by) VALUES ($1, $2, $3, $4, $5)
     ON CONFLICT DO NOTHING RETURNING 1`,
    [app, branch, purpose, deployment ?? null, who],
  );
  if (inserted.length > 0) {
    await record(connection, {
      who,
      action: "database.branch",
      app,
      object: branch,
      detail: { purpose, ...detail },
    });
    return true;
  }
  const known = await first(
    connection.query<{ purpose: BranchPurpose }>(
      "SELECT purpose FROM database_branches WHERE app = $1 AND name = $2",
      [app, branch],
    ),
  );
  if (purpose === "look" || known?.purpose === "look") throw new BranchTakenError(app, branch);
  return false;
}

/** False where there is none. */
export async function giveUpBranch(
  connection: Connection,
  { app, branch, who, reason }: BranchName & { who: string; reason?: string },
): Promise<boolean> {
  const rows = await connection.query(
    "DELETE FROM database_branches WHERE app = $1 AND name = $2 RETURNING 1",
    [app, branch],
  );
  if (rows.length === 0) return false;
  const detail = reason === undefined ? {} : { detail: { reason } };
  await record(connection, { who, action: "database.branch.remove", app, object: branch, ...detail });
  return true;
}
