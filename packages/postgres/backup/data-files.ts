import { statSync } from "node:fs";
import { join } from "node:path";
import { entriesOf } from "@evenkeel/disk";

export interface DataFile {
  /** Relative to the data directory. */
  path: string;
  sizeBytes: number;
  relation: RelationFile | undefined;
}

/** What a file of a table or index is, by its name. https://www.postgresql.org/docs/18/storage-file-layout.html */
export interface RelationFile {
  tablespace: number;
  database: number;
  node: number;
  fork: "main" | "fsm" | "vm" | "init";
  /** Of a gigabyte each. */
  segment: number;
}

export const blocksPerSegment = 131_072;

const defaultTablespace = 1663;
const globalTablespace = 1664;

/** Content that a server makes anew at its start, as in PostgreSQL's basebackup.c. */
const emptiedFolders = new Set([
  "pg_wal",
  "pg_stat_tmp",
  "pg_replslot",
  "pg_dynshmem",
  "pg_notify",
  "pg_serial",
  "pg_snapshots",
  "pg_subtrans",
]);

const leftOut = new Set([
  "postmaster.pid",
  "postmaster.opts",
  "postgresql.auto.conf.tmp",
  "current_logfiles.tmp",
  "backup_label",
  "backup_label.old",
  "tablespace_map",
  "tablespace_map.old",
  "backup_manifest",
  "recovery.signal",
  "standby.signal",
  "server.log",
]);

/** Everything a backup holds, sorted by path; folders are listed for the sake of empty ones. */
export function listDataFiles(dataDir: string): { folders: string[]; files: DataFile[] } {
  const folders: string[] = [];
  const files: DataFile[] = [];
  const walk = (folder: string): void => {
    const entries = entriesOf(join(dataDir, folder));
    const unlogged = unloggedNodes(entries.map((entry) => entry.name));
    for (const entry of entries) {
      const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory()) {
        if (entry.name.startsWith("pgsql_tmp")) continue;
        folders.push(path);
        if (!emptiedFolders.has(path)) walk(path);
      } else if (entry.isFile() && belongs(path, entry.name)) {
        const relation = parseRelationFile(path);
        // An unlogged relation begins empty after recovery, from its init fork.
        if (relation && relation.fork !== "init" && unlogged.has(relation.node)) continue;
        const status = statSync(join(dataDir, path), { throwIfNoEntry: false });
        if (status) files.push({ path, sizeBytes: status.size, relation });
      }
    }
  };
  walk("");
  folders.push("pg_wal/archive_status", "pg_wal/summaries");
  return { folders, files: files.sort((a, b) => (a.path < b.path ? -1 : 1)) };
}

function belongs(path: string, name: string): boolean {
  if (!path.includes("/") && leftOut.has(name)) return false;
  if (name.startsWith("pg_internal.init") || name.startsWith("pgsql_tmp")) return false;
  // Temporary tables: t<process>_<node>.
  return !/^t\d+_\d+/.test(name);
}

export function parseRelationFile(path: string): RelationFile | undefined {
  const match = /^(?:global|base\/(\d+))\/(\d+)(?:_(fsm|vm|init))?(?:\.(\d+))?$/.exec(path);
  if (!match) return undefined;
  return {
    tablespace: match[1] === undefined ? globalTablespace : defaultTablespace,
    database: Number(match[1] ?? 0),
    node: Number(match[2]),
    fork: (match[3] as RelationFile["fork"] | undefined) ?? "main",
    segment: Number(match[4] ?? 0),
  };
}

const unloggedNodes = (names: string[]): Set<number> =>
  new Set(
    names.map((name) => /^(\d+)_init$/.exec(name)).flatMap((match) => (match ? [Number(match[1])] : [])),
  );
