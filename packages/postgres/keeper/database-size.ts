import { existsSync } from "node:fs";
import { join } from "node:path";
import type { DatabaseSize, RelationSize } from "@evenkeel/model";
import type { ClientConfig } from "pg";
import { appDatabase } from "../app-cluster/app-role.ts";
import type { Archive } from "../archive/archive.ts";
import { directorySize } from "../branch/directory-size.ts";
import { withSession } from "../client/session.ts";
import type { DatabasePlace } from "./database-place.ts";

const mostRelations = 500;

/** Where the room of a database goes that serves. */
export async function databaseSize(
  place: DatabasePlace,
  archive: Archive,
  connection: ClientConfig,
): Promise<Omit<DatabaseSize, "app" | "environment" | "branches">> {
  const sizeOf = (folder: string) => (existsSync(folder) ? directorySize(folder) : 0);
  const stored = async (...prefixes: string[]) =>
    (await Promise.all(prefixes.map((prefix) => archive.list(prefix))))
      .flat()
      .reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const walBytes = sizeOf(join(place.dataDir, "pg_wal"));
  return {
    dataBytes: sizeOf(place.dataDir) - walBytes,
    walBytes,
    spoolBytes: sizeOf(place.spoolDir),
    archive: { backupBytes: await stored("backups/", "chunks/"), walBytes: await stored("wal/", "tail/") },
    relations: await relationSizes(connection),
  };
}

/** Of partitioned tables their parts. */
const relationSizes = (connection: ClientConfig): Promise<RelationSize[]> =>
  withSession({ ...connection, database: appDatabase }, async (client) => {
    const { rows } = await client.query(
      `SELECT format('%s.%s', nspname, relname) AS name, pg_table_size(c.oid)::float8 AS bytes,
              CASE relkind WHEN 'i' THEN 'index' WHEN 'm' THEN 'materialized view' WHEN 'S' THEN 'sequence' ELSE 'table' END AS kind,
              CASE WHEN relkind = 'i' THEN indrelid::regclass::text END AS "table",
              CASE WHEN relkind IN ('r', 'm') AND reltuples >= 0 THEN reltuples::float8 END AS rows
       FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace LEFT JOIN pg_index ON indexrelid = c.oid
       WHERE relkind IN ('r', 'm', 'i', 'S') AND nspname !~ '^pg_' AND nspname <> 'information_schema'
       ORDER BY bytes DESC, name LIMIT ${mostRelations}`,
    );
    return rows.map(({ name, kind, table, bytes, rows: estimate }) => ({
      ...{ name, kind, bytes },
      ...(table === null ? {} : { table }),
      ...(estimate === null ? {} : { rows: estimate }),
    }));
  });
