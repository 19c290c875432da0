import type { AppName, DeploymentId } from "@evenkeel/model";
import type { AppliedMigration } from "@evenkeel/postgres/migrations/ledger";
import type {
  Migration,
  MigrationCommand,
  MigrationSet,
  SqlMigrations,
} from "@evenkeel/postgres/migrations/migration-set";
import type { DeployableEnvironment } from "../api/contract/index.ts";
import { type Connection, first } from "../database/connection.ts";
import type { Migrated } from "./migration-target.ts";

/** A set as it is stored: the SQL stands in `migration_files`. */
type StoredSet =
  | MigrationCommand
  | (Omit<SqlMigrations, "migrations"> & { migrations: Omit<Migration, "sql">[] });

export type DatabaseEnvironment = { app: AppName; environment: DeployableEnvironment };

/** @param set undefined: the deployment has a database, and its source brings nothing for it */
export async function keepMigrations(
  connection: Connection,
  { id, app }: Migrated,
  set: MigrationSet | undefined,
): Promise<void> {
  if (set && "migrations" in set) {
    await connection.query(
      `INSERT INTO migration_files (app, checksum, sql)
       SELECT DISTINCT ON (checksum) $1, checksum, sql FROM unnest($2::text[], $3::text[]) AS given (checksum, sql)
       ON CONFLICT DO NOTHING`,
      [app, set.migrations.map(({ checksum }) => checksum), set.migrations.map(({ sql }) => sql)],
    );
  }
  const stored = set && ("migrations" in set ? { ...set, migrations: set.migrations.map(withoutSql) } : set);
  await connection.query(
    `INSERT INTO deployment_migrations (deployment, migration_set) VALUES ($1, $2)
     ON CONFLICT (deployment) DO UPDATE SET migration_set = excluded.migration_set`,
    [id, stored ? JSON.stringify(stored) : null],
  );
}

const withoutSql = ({ sql: _, ...rest }: Migration): Omit<Migration, "sql"> => rest;

/** For a deployment of the same code. */
export async function copyMigrations(
  connection: Connection,
  from: DeploymentId,
  to: DeploymentId,
): Promise<void> {
  await connection.query(
    `INSERT INTO deployment_migrations (deployment, migration_set, known)
     SELECT $2, migration_set, known FROM deployment_migrations WHERE deployment = $1`,
    [from, to],
  );
}

/** Undefined: its source brings none. */
export async function keptMigrations(
  connection: Connection,
  { id, app }: Migrated,
): Promise<MigrationSet | undefined> {
  const row = await first(
    connection.query<{ migration_set: StoredSet | null }>(
      "SELECT migration_set FROM deployment_migrations WHERE deployment = $1",
      [id],
    ),
  );
  const set = row?.migration_set;
  if (!set || set.kind === "command") return set ?? undefined;
  const files = await connection.query<{ checksum: string; sql: string }>(
    "SELECT checksum, sql FROM migration_files WHERE app = $1 AND checksum = ANY ($2)",
    [app, set.migrations.map(({ checksum }) => checksum)],
  );
  const sqlOf = new Map(files.map(({ checksum, sql }) => [checksum, sql]));
  return {
    ...set,
    migrations: set.migrations.map((one) => ({ ...one, sql: sqlOf.get(one.checksum)! })),
  };
}

/** Names of the migrations that a deployment's source brings. */
export async function broughtNames(connection: Connection, id: DeploymentId): Promise<string[]> {
  const rows = await connection.query<{ name: string }>(
    `SELECT brought ->> 'name' AS name FROM deployment_migrations, jsonb_array_elements(migration_set -> 'migrations') AS brought
     WHERE deployment = $1`,
    [id],
  );
  return rows.map(({ name }) => name);
}

/**
 * The newest deployment of an environment that brings migrations and was not cancelled or removed. One that only brought new variables to
 * what is live does not hide a newer source that waits for an approval.
 */
export const newestWithMigrations = (
  connection: Connection,
  { app, environment }: DatabaseEnvironment,
): Promise<DeploymentId | undefined> =>
  first(
    connection.query<{ id: DeploymentId }>(
      `WITH candidates AS (
         SELECT id, sequence, state, derived_from IS NULL AS is_source FROM deployments JOIN deployment_migrations ON deployment = id
         WHERE app = $1 AND environment = $2 AND migration_set IS NOT NULL AND state NOT IN ('cancelled', 'removed')
       ), source AS (SELECT state FROM candidates WHERE is_source ORDER BY sequence DESC LIMIT 1)
       SELECT id FROM candidates WHERE is_source OR state <> 'ready' OR NOT EXISTS (SELECT FROM source WHERE state <> 'ready')
       ORDER BY sequence DESC LIMIT 1`,
      [app, environment],
    ),
  ).then((row) => row?.id);

/** Whether a deployment of the environment ever brought migrations: if not, there is no ledger to ask for. */
export const everMigrated = async (connection: Connection, of: DatabaseEnvironment): Promise<boolean> =>
  (await ledgerKept(connection, of)) !== undefined;

/** The last that was seen of the database's ledger. */
export const ledgerKept = (
  connection: Connection,
  { app, environment }: DatabaseEnvironment,
): Promise<AppliedMigration[] | undefined> =>
  first(
    connection.query<{ ledger: AppliedMigration[] }>(
      "SELECT ledger FROM database_ledgers WHERE app = $1 AND environment = $2",
      [app, environment],
    ),
  ).then((row) => row?.ledger);

export async function keepLedger(
  connection: Connection,
  { app, environment }: DatabaseEnvironment,
  ledger: AppliedMigration[],
): Promise<void> {
  await connection.query(
    `INSERT INTO database_ledgers (app, environment, ledger) VALUES ($1, $2, $3)
     ON CONFLICT (app, environment) DO UPDATE SET ledger = excluded.ledger, read_at = now()`,
    [app, environment, JSON.stringify(ledger)],
  );
}

/** What the code of a deployment knows of the schema. Runs of commands that broke nothing are forgotten by the ledger, too. */
export async function keepKnown(
  connection: Connection,
  id: DeploymentId,
  ledger: AppliedMigration[],
): Promise<void> {
  const known = ledger.filter((row) => row.kind === "sql" || row.breaksOldCode).map(({ name }) => name);
  await connection.query("UPDATE deployment_migrations SET known = $2 WHERE deployment = $1", [id, known]);
}

/** Undefined: it never became ready for a database. */
export const knownTo = (connection: Connection, id: DeploymentId): Promise<string[] | undefined> =>
  first(
    connection.query<{ known: string[] | null }>(
      "SELECT known FROM deployment_migrations WHERE deployment = $1",
      [id],
    ),
  ).then((row) => row?.known ?? undefined);
