import type { Client, ClientConfig } from "pg";
import { sqlState, withSession } from "../client/session.ts";
import { approvalMissing, isGrave } from "./approval-missing.ts";
import {
  approvalKey,
  type MigrationReview,
  needsApproval,
  type ReviewedStatement,
  reviewMigrations,
} from "./guard/review.ts";
import {
  type AppliedMigration,
  pendingMigrations,
  prepareLedger,
  readLedger,
  recordFinished,
  recordStarted,
  recordUndone,
} from "./ledger.ts";
import { watchHolders } from "./lock-holders.ts";
import { type LockOptions, requireMigrationLock, withMigrationLock } from "./migration-lock.ts";
import type { Migration, SqlMigrations } from "./migration-set.ts";
import { BlockingBudget, describeFailure, execute, lockNotAvailable } from "./run-statement.ts";

export interface MigrationPlan {
  pending: MigrationReview[];
  /** Statements that are not additive, and the key of an approval of exactly these; undefined where all are. */
  approval: { statements: ReviewedStatement[]; key: string; required: boolean } | undefined;
  /** Take a backup before. */
  takesAway: boolean;
  ledger: AppliedMigration[];
}

/** `all`: whatever it is, for a database that is there to try things out. Else the key of a recorded approval. */
export type Approval = "all" | { key: string } | undefined;

export interface MigrationRun extends LockOptions {
  /** A direct connection as the role that owns the tables. */
  connection: ClientConfig | string;
  set: SqlMigrations;
  approval?: Approval;
  /** How often a migration that did not get its lock is tried again; default 8 times in all, about half a minute. */
  lockAttempts?: number;
  /** How long statements that nobody approved may hold up others; default 10 s a migration. */
  blockingLimitMs?: number;
  onLog?: (entry: MigrationLogEntry) => void;
  /** What PostgreSQL says beside its results: `RAISE NOTICE`, `already exists, skipping`. */
  onNotice?: (text: string) => void;
  onRetry?: (error: Error) => void;
  /** From `true` to `false` an interruption would leave a migration half-way. */
  onIndivisible?: (now: boolean) => void;
}

export interface MigrationLogEntry {
  migration: string;
  file: string;
  line: number;
  text: string;
  durationMs: number;
}

/** What would run, without running it. @throws MigrationSyntaxError @throws MigrationLedgerError */
export function planMigrations(
  connection: ClientConfig | string,
  set: SqlMigrations,
): Promise<MigrationPlan> {
  return withSession(connection, (client) => makePlan(client, set));
}

/**
 * Runs pending migrations in order, each once, under a lock that only one runner has. A migration runs in one transaction
 * together with its ledger row, so it has happened or it has not; one whose statements forbid that runs statement by
 * statement, and if it stops half-way the ledger says so and the next run refuses. Migrations before a failing one stay.
 *
 * @returns the whole ledger afterwards: what a release that starts now knows.
 * @throws MigrationApprovalError MigrationFailedError MigrationSyntaxError MigrationLedgerError MigrationBusyError
 */
export function runMigrations(run: MigrationRun): Promise<AppliedMigration[]> {
  return withMigrationLock(
    run.connection,
    async (client) => {
      client.on("notice", (notice) => run.onNotice?.(notice.message ?? ""));
      const plan = await makePlan(client, run.set);
      const approved = isApproved(plan, run.approval);
      if (plan.approval?.required && !approved) throw approvalMissing(plan.approval.statements);
      await prepareLedger(client);
      for (const review of plan.pending) {
        const migration = run.set.migrations.find(({ name }) => name === review.migration)!;
        const budget = approved ? undefined : new BlockingBudget(run.blockingLimitMs ?? blockingLimitMs);
        const step: Step = { client, run, migration, review, budget };
        if (review.transactional) await inTransaction(step);
        else await stepByStep(step);
      }
      return readLedger(client);
    },
    run,
  );
}

const blockingLimitMs = 10_000;

interface Step {
  client: Client;
  run: MigrationRun;
  migration: Migration;
  review: MigrationReview;
  budget: BlockingBudget | undefined;
}

async function makePlan(client: Client, set: SqlMigrations): Promise<MigrationPlan> {
  const pending = await reviewMigrations(await pendingMigrations(client, set));
  const ledger = await readLedger(client);
  const statements = needsApproval(pending);
  // Of an empty database nothing can be taken away.
  const grave = (await hasContent(client)) ? statements.filter(isGrave) : [];
  return {
    pending,
    approval:
      statements.length > 0
        ? { statements, key: approvalKey(statements), required: grave.length > 0 }
        : undefined,
    takesAway: grave.length > 0,
    ledger,
  };
}

/** Whether there is anything of the app's in the database. */
export async function hasContent(client: Client): Promise<boolean> {
  const { rowCount } = await client.query(
    `SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
     WHERE relkind IN ('r', 'p', 'v', 'm', 'S', 'f') AND nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast', 'evenkeel')
       AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = c.oid AND classid = 'pg_class'::regclass AND deptype = 'e') LIMIT 1`,
  );
  return rowCount === 1;
}

const isApproved = ({ approval }: MigrationPlan, given: Approval): boolean =>
  given === "all" || (approval !== undefined && given?.key === approval.key);

async function inTransaction(step: Step): Promise<void> {
  const { client, run, migration, review } = step;
  const attempts = run.lockAttempts ?? 8;
  for (let attempt = 1; ; attempt++) {
    await client.query("BEGIN");
    try {
      await requireMigrationLock(client);
      await recordStarted(client, migration, review);
      for (const statement of review.statements) await runStatement(step, statement);
      await step.budget?.end(client);
      await recordFinished(client, migration, run.set.kind);
      await client.query("COMMIT");
      return;
    } catch (error) {
      await client.query("ROLLBACK").catch(() => {});
      await step.budget?.end(client).catch(() => {});
      const again = sqlState((error as Error).cause) === lockNotAvailable && attempt < attempts;
      if (!again) throw error;
      run.onRetry?.(error as Error);
      // Who holds the lock may be done by then; meanwhile nobody waits behind us.
      await Bun.sleep(Math.min(100 * 2 ** attempt, 5_000));
    }
  }
}

async function stepByStep(step: Step): Promise<void> {
  const { client, run, migration, review } = step;
  await requireMigrationLock(client);
  run.onIndivisible?.(true);
  try {
    await recordStarted(client, migration, review);
    for (const [index, statement] of review.statements.entries()) {
      try {
        await runStatement(step, statement);
      } catch (error) {
        if (index === 0) await undoFirst(client, migration, statement);
        throw error;
      } finally {
        await step.budget?.end(client).catch(() => {});
      }
    }
    await recordFinished(client, migration, run.set.kind);
  } finally {
    run.onIndivisible?.(false);
  }
}

/** A first statement that failed has done nothing, but for the invalid index that it may leave. Then all of it can be run again. */
async function undoFirst(client: Client, migration: Migration, statement: ReviewedStatement): Promise<void> {
  if (statement.concurrentIndex !== undefined) {
    const { rows } = await client.query<{ index: string }>(
      `SELECT indexrelid::regclass::text AS index FROM pg_index JOIN pg_class c ON c.oid = indexrelid
       JOIN pg_namespace n ON n.oid = relnamespace WHERE NOT indisvalid AND nspname || '.' || relname = $1`,
      [statement.concurrentIndex],
    );
    for (const { index } of rows) await client.query(`DROP INDEX CONCURRENTLY ${index}`);
  }
  await recordUndone(client, migration);
}

async function runStatement(step: Step, statement: ReviewedStatement): Promise<void> {
  const { client, run, review, budget } = step;
  await budget?.spend(client, statement);
  const begun = performance.now();
  const holders = watchHolders(client, run.connection);
  try {
    await execute(client, statement.text);
  } catch (cause) {
    const blockedMs = budget?.running ? (run.blockingLimitMs ?? blockingLimitMs) : undefined;
    throw describeFailure(cause, { review, statement, blockedMs, holders: holders.seen() });
  } finally {
    await holders.stop();
  }
  const { migration, file, line, text } = statement;
  run.onLog?.({ migration, file, line, text, durationMs: Math.round(performance.now() - begun) });
}
