import { EvenkeelError, errorJson } from "@evenkeel/model";
import type { AppliedMigration } from "@evenkeel/postgres/migrations/ledger";
import type { MigrationSet } from "@evenkeel/postgres/migrations/migration-set";
import { migrator } from "@evenkeel/postgres/migrations/migrator";
import type { MigrationPlan } from "@evenkeel/postgres/migrations/run-migrations";
import type {
  MigrationApproval,
  MigrationEffect,
  MigrationState,
  MigrationsReport,
} from "../api/contract/index.ts";
import type { Connection } from "../database/connection.ts";
import { getDeployment } from "../deployments/deployment-row.ts";
import { MigrationsUnknownError } from "../errors.ts";
import type { Vault } from "../vault/vault.ts";
import { findApproval } from "./approval-store.ts";
import { type DatabaseEnvironment, keptMigrations, newestWithMigrations } from "./migration-store.ts";
import { type Migrated, type MigrationTarget, migrationTarget } from "./migration-target.ts";
import { namesOf, statementView } from "./statement-view.ts";

export interface CurrentMigrations {
  deployment: Migrated;
  target: MigrationTarget;
  set: MigrationSet;
}

/** Those of the environment's newest deployment that brings some. @throws MigrationsUnknownError */
export async function currentMigrations(
  { database, vault }: { database: Connection; vault: Vault },
  of: DatabaseEnvironment,
): Promise<CurrentMigrations> {
  const id = await newestWithMigrations(database, of);
  if (id === undefined) throw new MigrationsUnknownError(of.app, of.environment);
  const deployment = await getDeployment(database, id);
  const target = await migrationTarget(database, vault, deployment);
  const set = await keptMigrations(database, deployment);
  if (!target || !set) throw new MigrationsUnknownError(of.app, of.environment);
  return { deployment, target, set };
}

/** What has run and what would run, with what the guard says of it. */
export async function migrationsReport(
  parts: { database: Connection; vault: Vault },
  { deployment, target, set }: CurrentMigrations,
  signal?: AbortSignal,
): Promise<MigrationsReport & { plan?: MigrationPlan }> {
  const { app, environment, id } = deployment;
  const head = {
    ...{ app, environment, deployment: id, database: target.kind, kind: set.kind },
    ...(set.kind === "command" ? { command: set.command } : { folder: set.folder }),
  };
  const { address } = target;
  const options = signal ? { signal } : {};
  if (set.kind === "command") {
    const { ledger, hasContent } = await migrator({ type: "ledger", address }, options);
    const given = await findApproval(parts.database, { app, environment, key: set.checksum });
    const approval: MigrationApproval = {
      ...{ key: set.checksum, required: hasContent && !target.free, migrations: [set.tool] },
      ...(given && { approved: { by: given.createdBy, atMs: given.createdAt.getTime() } }),
    };
    return { ...head, migrations: ledger.map(appliedView), approval };
  }
  try {
    const plan = await migrator({ type: "plan", address, set }, options);
    const approval = await approvalView(parts.database, deployment, target, plan);
    return {
      ...head,
      migrations: [...plan.ledger.map(appliedView), ...plan.pending.map(pendingView)],
      ...(approval ? { approval } : {}),
      plan,
    };
  } catch (error) {
    if (!(error instanceof EvenkeelError) || error.code === "database_refused") throw error;
    const { ledger } = await migrator({ type: "ledger", address }, options);
    return { ...head, migrations: ledger.map(appliedView), problem: errorJson(error) };
  }
}

async function approvalView(
  connection: Connection,
  { app, environment, id }: Migrated,
  { free }: MigrationTarget,
  { approval }: MigrationPlan,
): Promise<MigrationApproval | undefined> {
  if (!approval) return undefined;
  const { key, required, statements } = approval;
  const given = await findApproval(connection, { app, environment, key }, id);
  return {
    ...{ key, required: required && !free, migrations: namesOf(statements) },
    ...(given && { approved: { by: given.createdBy, atMs: given.createdAt.getTime() } }),
  };
}

const appliedView = (row: AppliedMigration): MigrationState => ({
  name: row.name,
  state: row.finishedMs === undefined ? "half-way" : "applied",
  effect: row.effect as MigrationEffect,
  breaksOldCode: row.breaksOldCode,
  ...(row.finishedMs === undefined ? {} : { ranAtMs: row.finishedMs }),
  lsnBefore: row.lsnBefore,
});

const pendingView = ({
  migration,
  effect,
  breaksOldCode,
  statements,
}: MigrationPlan["pending"][number]): MigrationState => ({
  ...{ name: migration, state: "pending", effect, breaksOldCode },
  statements: statements.map(statementView),
});
