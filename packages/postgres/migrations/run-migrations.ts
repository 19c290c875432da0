import type { Client } from "pg";
import { sqlState, withSession } from "../client/session.ts";
import { MigrationApprovalError, MigrationFailedError } from "../errors.ts";
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
} from "./ledger.ts";
import { withMigrationLock } from "./migration-lock.ts";
import type { Migration, MigrationSet } from "./migration-set.ts";

type SqlSet = Extract<MigrationSet, { migrations: Migration[] }>;

export interface MigrationPlan {
  pending: MigrationReview[];
  /** Statements that somebody must approve, and the key of an approval of exactly these; without any, undefined. */
  approval: { statements: ReviewedStatement[]; key: string } | undefined;
  /** Take a base backup, or at least a restore point, before. */
  takesAway: boolean;
}

export interface MigrationRun {
  /** A direct connection as the role that owns the tables. */
  connectionString: string;
  set: SqlSet;
  /** The key of a recorded approval. */
  approvedKey?: string;
  /** How long a statement may wait for a lock, holding up everybody behind it; default 5 s. */
  lockTimeoutMs?: number;
  /** How often a migration that did not get its lock is tried again; default 5 times in all. */
  lockAttempts?: number;
  /** Default none. */
  statementTimeoutMs?: number;
  /** How long to wait for another runner; default 10 minutes. */
  waitMs?: number;
  onLog?: (entry: MigrationLogEntry) => void;
}

export interface MigrationLogEntry {
  migration: string;
  line: number;
  text: string;
  durationMs: number;
}

/** What would run, without running it. @throws MigrationSyntaxError @throws MigrationLedgerError */
export function planMigrations(connectionString: string, set: SqlSet): Promise<MigrationPlan> {
  return withSession(connectionString, async (client) => planFor(await reviewPending(client, set)));
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
    run.connectionString,
    async (client) => {
      const reviews = await reviewPending(client, run.set);
      requireApproval(planFor(reviews), run.approvedKey);
      await prepareLedger(client);
      for (const review of reviews) {
        const migration = run.set.migrations.find(({ name }) => name === review.migration)!;
        if (review.transactional) await inTransaction(client, run, migration, review);
        else await stepByStep(client, run, migration, review);
      }
      return readLedger(client);
    },
    run,
  );
}

const reviewPending = async (client: Client, set: SqlSet): Promise<MigrationReview[]> =>
  reviewMigrations(await pendingMigrations(client, set));

function planFor(pending: MigrationReview[]): MigrationPlan {
  const statements = needsApproval(pending);
  return {
    pending,
    approval: statements.length > 0 ? { statements, key: approvalKey(statements) } : undefined,
    takesAway: statements.some(({ effect }) => effect === "destructive" || effect === "opaque"),
  };
}

function requireApproval({ approval }: MigrationPlan, approvedKey: string | undefined): void {
  if (!approval || approval.key === approvedKey) return;
  const [first] = approval.statements;
  const finding = first!.findings.find(({ effect }) => effect === first!.effect)!;
  const more = approval.statements.length > 1 ? `, and ${approval.statements.length - 1} more` : "";
  throw new MigrationApprovalError(
    `Migration ${first!.migration}, line ${first!.line} is ${first!.effect}: it ${finding.reason}${more}`,
    { hint: finding.remedy ?? "Approve these statements by name, or change them." },
  );
}

const lockNotAvailable = "55P03";

async function inTransaction(
  client: Client,
  run: MigrationRun,
  migration: Migration,
  review: MigrationReview,
): Promise<void> {
  const attempts = run.lockAttempts ?? 5;
  for (let attempt = 1; ; attempt++) {
    await client.query("BEGIN");
    try {
      await recordStarted(client, migration, review);
      for (const statement of review.statements) await runStatement(client, run, statement);
      await recordFinished(client, migration, run.set.kind);
      await client.query("COMMIT");
      return;
    } catch (error) {
      await client.query("ROLLBACK").catch(() => {});
      const again =
        sqlState((error as MigrationFailedError).cause) === lockNotAvailable && attempt < attempts;
      if (!again) throw error;
      // Who holds the lock may be done by then; meanwhile nobody waits behind us.
      await Bun.sleep(Math.min(100 * 2 ** attempt, 5_000));
    }
  }
}

async function stepByStep(
  client: Client,
  run: MigrationRun,
  migration: Migration,
  review: MigrationReview,
): Promise<void> {
  await recordStarted(client, migration, review);
  for (const statement of review.statements) await runStatement(client, run, statement);
  await recordFinished(client, migration, run.set.kind);
}

async function runStatement(client: Client, run: MigrationRun, statement: ReviewedStatement): Promise<void> {
  const begun = performance.now();
  try {
    await client.query(statement.text);
  } catch (cause) {
    const { message } = cause as Error;
    throw new MigrationFailedError(
      `Migration ${statement.migration}, line ${statement.line} failed: ${message}`,
      {
        hint:
          sqlState(cause) === lockNotAvailable
            ? "Somebody holds the table for long: see pg_locks, or migrate at a quieter time."
            : "It changed nothing if it runs in one transaction. Correct it and deploy again.",
        cause,
      },
    );
  }
  const { migration, line, text } = statement;
  run.onLog?.({ migration, line, text, durationMs: Math.round(performance.now() - begun) });
}
