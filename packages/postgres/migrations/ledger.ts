import { randomUUID } from "node:crypto";
import type { Client } from "pg";
import { MigrationLedgerError } from "../errors.ts";
import type { MigrationReview } from "./guard/review.ts";
import type { Migration, SqlMigrations } from "./migration-set.ts";

/** A row of `evenkeel.migrations`, which is kept for every kind of migrations. */
export interface AppliedMigration {
  name: string;
  /** `command`: the row of one deployment's run of it. */
  kind: "sql" | "command";
  checksum: string;
  effect: string;
  breaksOldCode: boolean;
  /** Undefined: it was begun, and stopped half-way. */
  finishedMs: number | undefined;
  /** A position before it: `restore --to` there undoes it. */
  lsnBefore: string;
}

/** Names of migrations that a tool's own ledger says are applied, and how to tell it of a further one. */
interface NativeLedger {
  pending(client: Client, migrations: Migration[]): Promise<Migration[]>;
  record(client: Client, migration: Migration): Promise<void>;
}

export async function prepareLedger(client: Client): Promise<void> {
  if (await exists(client, "evenkeel.migrations")) return;
  await client.query(`
    CREATE SCHEMA IF NOT EXISTS evenkeel;
    CREATE TABLE IF NOT EXISTS evenkeel.migrations (
      position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      name text NOT NULL UNIQUE,
      kind text NOT NULL DEFAULT 'sql' CHECK (kind IN ('sql', 'command')),
      checksum text NOT NULL,
      effect text NOT NULL,
      breaks_old_code boolean NOT NULL,
      lsn_before pg_lsn NOT NULL,
      started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
      finished_at timestamptz,
      -- Of a command that runs: the columns before it.
      schema_before jsonb
    )`);
}

/** More rows than any project has files; the table is the app's, which may write to it. */
const mostRows = 10_000;

/** In the order in which they ran. */
export async function readLedger(client: Client): Promise<AppliedMigration[]> {
  if (!(await exists(client, "evenkeel.migrations"))) return [];
  const { rows } = await client.query(
    `SELECT left(name, 500) AS name, kind, left(checksum, 100) AS checksum, left(effect, 100) AS effect, breaks_old_code, finished_at,
       lsn_before FROM evenkeel.migrations ORDER BY position LIMIT ${mostRows}`,
  );
  return rows.map((row) => ({
    name: row.name,
    kind: row.kind,
    checksum: row.checksum,
    effect: row.effect,
    breaksOldCode: row.breaks_old_code,
    finishedMs: row.finished_at?.getTime(),
    lsnBefore: row.lsn_before,
  }));
}

/**
 * Migrations that have not run, in order.
 *
 * @throws MigrationLedgerError when one stopped half-way, or a file that has run was changed.
 */
export async function pendingMigrations(client: Client, set: SqlMigrations): Promise<Migration[]> {
  const applied = new Map((await readLedger(client)).map((row) => [row.name, row]));
  for (const row of applied.values()) {
    // What a command of its own has done, its own ledger knows.
    if (row.finishedMs !== undefined || row.kind === "command") continue;
    throw new MigrationLedgerError(`Migration ${row.name} stopped half-way`, {
      hint: "Look at what it has done and finish or undo it by hand (`evenkeel db query`), then tell which: `evenkeel db migrate APP --resolve done`, or `undone`.",
    });
  }
  if (set.kind === "sql") {
    for (const { name, checksum } of set.migrations) {
      const row = applied.get(name);
      if (!row || row.checksum === checksum) continue;
      throw new MigrationLedgerError(`Migration ${name} has run, and its file was changed afterwards`, {
        hint: "Put the file back as it was, and make the change in a new migration.",
      });
    }
    return set.migrations.filter(({ name }) => !applied.has(name));
  }
  return nativeLedgers[set.kind].pending(client, set.migrations);
}

export async function recordStarted(
  client: Client,
  migration: Migration,
  review: MigrationReview,
): Promise<void> {
  await client.query(
    `INSERT INTO evenkeel.migrations (name, checksum, effect, breaks_old_code, lsn_before)
     VALUES ($1, $2, $3, $4, pg_current_wal_lsn())
     ON CONFLICT (name) DO UPDATE
     SET checksum = excluded.checksum, lsn_before = excluded.lsn_before, started_at = clock_timestamp(), finished_at = NULL`,
    [migration.name, migration.checksum, review.effect, review.breaksOldCode],
  );
}

export async function recordFinished(
  client: Client,
  migration: Migration,
  kind: SqlMigrations["kind"],
): Promise<void> {
  await client.query("UPDATE evenkeel.migrations SET finished_at = clock_timestamp() WHERE name = $1", [
    migration.name,
  ]);
  if (kind !== "sql") await nativeLedgers[kind].record(client, migration);
}

/** As if it had never begun. */
export async function recordUndone(client: Client, { name }: Migration): Promise<void> {
  await client.query("DELETE FROM evenkeel.migrations WHERE name = $1 AND finished_at IS NULL", [name]);
}

/**
 * After somebody has finished or undone by hand what stopped half-way.
 *
 * @param set of the project: Prisma's and Drizzle's own ledgers are told, too
 * @returns names of the migrations that it was about
 */
export async function resolveMigration(
  client: Client,
  outcome: "done" | "undone",
  set?: SqlMigrations,
): Promise<string[]> {
  if (!(await exists(client, "evenkeel.migrations"))) return [];
  const { rows } = await client.query<{ name: string }>(
    outcome === "done"
      ? "UPDATE evenkeel.migrations SET finished_at = clock_timestamp() WHERE finished_at IS NULL AND kind = 'sql' RETURNING name"
      : "DELETE FROM evenkeel.migrations WHERE finished_at IS NULL AND kind = 'sql' RETURNING name",
  );
  const names = rows.map((row) => row.name);
  if (outcome === "undone" || set === undefined || set.kind === "sql") return names;
  for (const migration of set.migrations) {
    if (names.includes(migration.name)) await nativeLedgers[set.kind].record(client, migration);
  }
  return names;
}

/** Written as the tools themselves do, so that `prisma migrate` and `drizzle-kit` see what has run. */
const nativeLedgers: Record<"prisma" | "drizzle", NativeLedger> = {
  prisma: {
    async pending(client, migrations) {
      if (!(await exists(client, "_prisma_migrations"))) return migrations;
      const { rows } = await client.query(
        "SELECT migration_name AS name, finished_at FROM _prisma_migrations WHERE rolled_back_at IS NULL",
      );
      const unfinished = rows.find((row) => row.finished_at === null);
      if (unfinished) {
        throw new MigrationLedgerError(`Migration ${unfinished.name} failed under Prisma`, {
          hint: "Resolve it with `prisma migrate resolve`.",
        });
      }
      const applied = new Set(rows.map((row) => row.name));
      return migrations.filter(({ name }) => !applied.has(name));
    },
    async record(client, { name, checksum }) {
      await client.query(`
        CREATE TABLE IF NOT EXISTS _prisma_migrations (
          id varchar(36) PRIMARY KEY NOT NULL,
          checksum varchar(64) NOT NULL,
          finished_at timestamptz,
          migration_name varchar(255) NOT NULL,
          logs text,
          rolled_back_at timestamptz,
          started_at timestamptz NOT NULL DEFAULT now(),
          applied_steps_count integer NOT NULL DEFAULT 0
        )`);
      await client.query(
        `INSERT INTO _prisma_migrations (id, checksum, finished_at, migration_name, applied_steps_count)
         VALUES ($1, $2, clock_timestamp(), $3, 1)`,
        [randomUUID(), checksum, name],
      );
    },
  },
  drizzle: {
    async pending(client, migrations) {
      if (!(await exists(client, "drizzle.__drizzle_migrations"))) return migrations;
      const { rows } = await client.query("SELECT max(created_at) AS last FROM drizzle.__drizzle_migrations");
      return migrations.filter(({ whenMs = 0 }) => whenMs > Number(rows[0].last ?? -1));
    },
    async record(client, { checksum, whenMs }) {
      await client.query(`
        CREATE SCHEMA IF NOT EXISTS drizzle;
        CREATE TABLE IF NOT EXISTS drizzle.__drizzle_migrations (id serial PRIMARY KEY, hash text NOT NULL, created_at bigint)`);
      await client.query("INSERT INTO drizzle.__drizzle_migrations (hash, created_at) VALUES ($1, $2)", [
        checksum,
        whenMs,
      ]);
    },
  },
};

async function exists(client: Client, table: string): Promise<boolean> {
  const { rows } = await client.query("SELECT to_regclass($1) IS NOT NULL AS there", [table]);
  return rows[0].there;
}
