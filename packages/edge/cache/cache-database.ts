import { Database } from "bun:sqlite";
import { mkdirSync, renameSync, rmSync } from "node:fs";
import { dirname } from "node:path";

/**
 * SQLite in WAL mode (https://sqlite.org/wal.html): several edge processes read and write one file, a killed one leaves nothing half done,
 * and a commit is seen by all at once.
 *
 * - `entries`: bytes by scope and key; pages of a deployment have the scope `page:<deployment>`, data of an app `data:<scope>`.
 * - `tags`: what carries the tag and was made by `stale_ms` is stale, and expired from `deadline_ms` on; made by `expired_ms`, it is expired.
 *   `change` grows with every change, for reading only what is new.
 * - `floors`: everything of the scope made before is expired, for tags that were dropped because there were too many.
 * - `claims`: who renders what again, so that one process does it.
 */
const schemaVersion = 1;
const tables = ["entries", "tags", "floors", "claims", "changes"];
const schema = `
  create table if not exists entries (
    id integer primary key, scope text not null, key text not null, created_ms integer not null, stale_ms integer, expires_ms integer,
    used_ms integer not null, size_bytes integer not null, tags text not null, meta text not null, bytes blob not null,
    unique (scope, key));
  create index if not exists entries_by_use on entries (used_ms, size_bytes);
  create table if not exists tags (
    scope text not null, tag text not null, stale_ms integer, expired_ms integer, deadline_ms integer, change integer not null,
    primary key (scope, tag)) without rowid;
  create index if not exists tags_by_change on tags (change);
  create table if not exists floors (scope text primary key, floor_ms integer not null, change integer not null) without rowid;
  create table if not exists claims (key text primary key, until_ms integer not null) without rowid;
  create table if not exists changes (id integer primary key check (id = 1), value integer not null);
  insert or ignore into changes values (1, 0);
`;

/**
 * Opens the cache of this machine's edges, making it where it is missing. A file that is no database any more is moved aside: what it held
 * can be rendered again.
 *
 * @param durable commits wait for the disk: for tags, which must outlive a loss of power as the answer to them promised.
 */
export function openCacheDatabase(path: string, durable: boolean): Database {
  mkdirSync(dirname(path), { recursive: true });
  try {
    return open(path, durable);
  } catch (error) {
    const code = (error as { code?: string }).code ?? "";
    if (!code.startsWith("SQLITE_CORRUPT") && !code.startsWith("SQLITE_NOTADB")) throw error;
    console.error(`edge: ${path} is damaged and is begun anew: ${error}`);
    for (const suffix of ["-wal", "-shm"]) rmSync(path + suffix, { force: true });
    renameSync(path, `${path}.damaged`);
    return open(path, durable);
  }
}

function open(path: string, durable: boolean): Database {
  const database = new Database(path, { create: true, strict: true });
  try {
    database.run("pragma busy_timeout = 5000");
    database.run("pragma journal_mode = wal");
    database.run(`pragma synchronous = ${durable ? "full" : "normal"}`);
    database.transaction(() => createTables(database)).immediate();
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** A cache of another version is not worth converting: it is rendered again. */
function createTables(database: Database): void {
  const { user_version } = database.query<{ user_version: number }, []>("pragma user_version").get()!;
  if (user_version !== schemaVersion)
    for (const table of tables) database.run(`drop table if exists ${table}`);
  database.run(schema);
  if (user_version !== schemaVersion) database.run(`pragma user_version = ${schemaVersion}`);
}
