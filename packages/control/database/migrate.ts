import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { MigrationDriftError } from "../errors.ts";
import type { Connection } from "./connection.ts";
import type { Database } from "./database.ts";

export interface Migration {
  /** `0001-foundation` */
  name: string;
  sql: string;
  /** sha256 of the file. */
  checksum: string;
}

/** Any number that nothing else locks: the first bytes of "evenkeel". */
const lockKey = 0x6576_656e;

export const migrationsFolder = join(import.meta.dir, "migrations");

export function readMigrations(folder: string): Migration[] {
  return readdirSync(folder)
    .filter((file) => /^\d{4}-[a-z0-9-]+\.sql$/.test(file))
    .sort()
    .map((file) => {
      const sql = readFileSync(join(folder, file), "utf8");
      return { name: file.slice(0, -4), sql, checksum: createHash("sha256").update(sql).digest("hex") };
    });
}

/**
 * Applies what is not yet applied, in order, each in a transaction with its own row, under an advisory lock: two processes that
 * start at once apply each migration once.
 *
 * @throws MigrationDriftError when an applied file has changed or is missing: then this code and that database do not fit
 */
export async function migrate(
  database: Database,
  migrations = readMigrations(migrationsFolder),
): Promise<string[]> {
  return database.withSession(async (session) => {
    await session.query("SELECT pg_advisory_lock($1)", [lockKey]);
    await session.query(`CREATE TABLE IF NOT EXISTS migrations (
      name text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())`);
    const applied = new Map(
      (await session.query<{ name: string; checksum: string }>("SELECT name, checksum FROM migrations")).map(
        (row) => [row.name, row.checksum],
      ),
    );
    refuseDrift(migrations, applied);
    const missing = migrations.filter((migration) => !applied.has(migration.name));
    for (const migration of missing) await apply(session, migration);
    return missing.map((migration) => migration.name);
  });
}

async function apply(session: Connection, migration: Migration): Promise<void> {
  await session.query("BEGIN");
  // Without parameters `pg` uses the simple protocol, which takes several statements.
  await session.query(migration.sql);
  await session.query("INSERT INTO migrations (name, checksum) VALUES ($1, $2)", [
    migration.name,
    migration.checksum,
  ]);
  await session.query("COMMIT");
}

function refuseDrift(migrations: Migration[], applied: Map<string, string>): void {
  for (const migration of migrations) {
    const checksum = applied.get(migration.name);
    if (checksum !== undefined && checksum !== migration.checksum) {
      throw new MigrationDriftError(`Migration ${migration.name} was applied with another content`);
    }
  }
  const known = new Set(migrations.map((migration) => migration.name));
  const unknown = [...applied.keys()].filter((name) => !known.has(name));
  if (unknown.length > 0) {
    throw new MigrationDriftError(
      `The database has migrations that this version does not know: ${unknown.join(", ")}`,
    );
  }
}
