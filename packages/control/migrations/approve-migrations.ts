import type { Approval } from "../api/contract/index.ts";
import { ask, useUp, type Voice } from "../approvals/approval-store.ts";
import type { Connection } from "../database/connection.ts";
import type { Database } from "../database/database.ts";
import { ApprovalNeededError } from "../errors.ts";
import { deploymentRunbook } from "../runbook/runbook-store.ts";
import { type ApprovalWish, recordApproval } from "./approval-store.ts";
import type { Migrated } from "./migration-target.ts";

const validMs = 7 * 86_400_000;

/**
 * Lets exactly these statements run, for one run; where the runbook wants two reviewers, once two different people have said so.
 *
 * @throws ApprovalNeededError for the first of them
 */
export async function approveMigrations(
  database: Database,
  deployment: Migrated,
  { by, ...wish }: Omit<ApprovalWish, "who"> & { by: Voice },
): Promise<void> {
  const { app, environment, key, statements, migrations, reason } = wish;
  const needed =
    (await deploymentRunbook(database, deployment.id))?.plan.migrations[environment]?.reviewers ?? 0;
  const asked = await database.transaction(async (connection) => {
    if (needed < 2) {
      await recordApproval(connection, { ...wish, who: by.who });
      return undefined;
    }
    const content = { key, statements, migrations };
    const approval = await ask(
      connection,
      { app, environment, kind: "migration", content, needed, validMs, reason },
      by,
    );
    return (await useMigrationApproval(connection, approval, by.who)) ? undefined : approval;
  });
  if (asked) throw new ApprovalNeededError(app, asked.id, `run ${migrations.join(" ")} in ${environment}`);
}

/** What several people have agreed to becomes the approval that the run takes. Part of a transaction. */
export async function useMigrationApproval(
  connection: Connection,
  approval: Approval,
  who: string,
): Promise<boolean> {
  if (!(await useUp(connection, approval, who))) return false;
  const { app, environment, words } = approval;
  const { key, statements, migrations } = approval.content as {
    key: string;
    statements: object[];
    migrations: string[];
  };
  const names = words.filter(({ agrees }) => agrees).map(({ name }) => name);
  await recordApproval(connection, {
    ...{ app, environment, key, statements, migrations },
    ...{ reason: approval.reason, who: names.join(" and ") },
  });
  return true;
}
