import type { HomeLayout } from "@evenkeel/model";
import { approvalMissing } from "@evenkeel/postgres/migrations/approval-missing";
import type { AppliedMigration } from "@evenkeel/postgres/migrations/ledger";
import type { SqlMigrations } from "@evenkeel/postgres/migrations/migration-set";
import { migrator } from "@evenkeel/postgres/migrations/migrator";
import type { MigrationPlan } from "@evenkeel/postgres/migrations/run-migrations";
import type { Database } from "../database/database.ts";
import type { DatabasesLink } from "../databases/databases-link.ts";
import { deploymentRunbook } from "../runbook/runbook-store.ts";
import { giveApprovalBack, takeApproval } from "./approval-store.ts";
import { keepLedger } from "./migration-store.ts";
import type { Migrated, MigrationTarget } from "./migration-target.ts";
import { secureBefore } from "./secure-before.ts";
import { firstReason, namesOf, remediesOf } from "./statement-view.ts";

export interface MigrateParts {
  layout: HomeLayout;
  database: Database;
  databases: DatabasesLink;
}

export interface MigrateOptions {
  note: (text: string) => void;
  signal: AbortSignal;
  /** Looks at the database's ledger before anything runs; what it throws ends the work. */
  onLedger?: (ledger: AppliedMigration[]) => Promise<void>;
}

/**
 * Brings a database to what a deployment's SQL wants:
 *
 *   plan → approved? → backup → run → remember the ledger
 *
 * May be repeated after a crash at any point: what has run is in the database's own ledger, in the transaction that ran it.
 *
 * @returns the whole ledger
 * @throws MigrationApprovalError, ReportedError with the codes of the migrator
 */
export async function migrateDatabase(
  parts: MigrateParts,
  deployment: Migrated,
  target: MigrationTarget,
  set: SqlMigrations,
  { note, signal, onLedger }: MigrateOptions,
): Promise<AppliedMigration[]> {
  const { address } = target;
  const plan = await migrator({ type: "plan", address, set }, { signal });
  await onLedger?.(plan.ledger);
  if (plan.pending.length === 0) {
    note(`Database: all ${set.migrations.length} migrations of ${set.folder} have run`);
    await keepLedger(parts.database, deployment, plan.ledger);
    return plan.ledger;
  }
  describe(plan, note);
  const key = await requireApproval(parts.database, deployment, target, plan, note);
  try {
    if (plan.takesAway || (await wantsBackup(parts.database, deployment)))
      await secureBefore(parts, target, deployment, note, signal);
    const approval = target.free ? "all" : key === undefined ? undefined : { key };
    const ledger = await migrator(
      { type: "run", address, set, ...(approval ? { approval } : {}) },
      { onLog: note, signal },
    );
    await keepLedger(parts.database, deployment, ledger);
    tellWayBack(deployment, target, plan, ledger, note);
    return ledger;
  } catch (error) {
    await giveApprovalBack(parts.database, deployment.id);
    throw error;
  }
}

/** Its runbook wants one before every migration. */
async function wantsBackup(database: Database, { id, environment }: Migrated): Promise<boolean> {
  const runbook = await deploymentRunbook(database, id);
  return runbook?.plan.migrations[environment]?.backupFirst ?? false;
}

function describe(plan: MigrationPlan, note: (text: string) => void): void {
  const count = plan.pending.length;
  note(`Database: ${count} ${count === 1 ? "migration has" : "migrations have"} to run`);
  for (const statement of plan.approval?.statements ?? []) {
    note(`  ${statement.file}:${statement.line} is ${statement.effect}: it ${firstReason(statement)}`);
    for (const remedy of remediesOf(statement)) note(`    ${remedy}`);
  }
}

/** @returns the key of an approval that was taken for this run */
async function requireApproval(
  database: Database,
  deployment: Migrated,
  { free }: MigrationTarget,
  { approval }: MigrationPlan,
  note: (text: string) => void,
): Promise<string | undefined> {
  if (!approval || free) return undefined;
  const { app, environment, id } = deployment;
  const approved = await takeApproval(database, { app, environment, key: approval.key }, id);
  if (approved) {
    note(`Approved by ${approved.createdBy} at ${approved.createdAt.toISOString()}`);
    return approval.key;
  }
  if (!approval.required) return undefined;
  throw approvalMissing(approval.statements, howToApprove(deployment, namesOf(approval.statements)));
}

export function howToApprove({ app, environment }: Migrated, names: string[]): string {
  const env = environment === "production" ? "" : ` --env ${environment}`;
  return `Once somebody has looked at it (evenkeel db migrate ${app}${env} --dry-run): evenkeel db approve ${app}${env} ${names.join(" ")}, then deploy again.`;
}

function tellWayBack(
  { app, environment }: Migrated,
  { kind }: MigrationTarget,
  plan: MigrationPlan,
  ledger: AppliedMigration[],
  note: (text: string) => void,
): void {
  const first = ledger.find(({ name }) => name === plan.pending[0]!.migration);
  if (kind !== "own" || !first) return;
  note(`The way back: evenkeel db restore ${app} --env ${environment} --to ${first.lsnBefore}`);
}
