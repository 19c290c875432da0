import { type DatabaseSize, formatSize, type RelationSize } from "@evenkeel/model";
import type { Command } from "commander";
import { formatTable } from "../../output/table.ts";
import { withControl } from "../../platform/control.ts";
import { type DatabaseOptions, databaseCommand, named } from "./database-options.ts";

/** Of tables and indexes, in the table for people; `--json` has all. */
const shown = 30;

export function registerDbSize(db: Command): void {
  databaseCommand(db, "size", "where a database's room goes: tables, indexes, WAL, archive, branches")
    .addHelpText("after", "\nExample:\n  evenkeel db size shop")
    .action(size);
}

async function size(app: string, options: DatabaseOptions): Promise<void> {
  const name = named(app, options);
  const { size: found } = await withControl((client) => client.getDatabaseSize(name));
  if (options.json) return void console.log(JSON.stringify(found));
  console.log(formatTable(["what", "size"], totals(found)));
  if (found.relations.length === 0) return;
  const rows = found.relations.slice(0, shown).map(describe);
  console.log(`\n${formatTable(["relation", "kind", "size", "rows (about)"], rows)}`);
  if (found.relations.length > shown) console.log(`… and ${found.relations.length - shown} smaller ones`);
}

const totals = ({ dataBytes, walBytes, spoolBytes, archive, branches }: DatabaseSize): string[][] => [
  ["data directory", formatSize(dataBytes)],
  ["WAL in it", formatSize(walBytes)],
  ["WAL that waits for the archive", formatSize(spoolBytes)],
  ["backups in the archive", formatSize(archive.backupBytes)],
  ["WAL in the archive", formatSize(archive.walBytes)],
  ...branches.map(({ branch, bytes }) => [`branch ${branch}`, formatSize(bytes)]),
];

const describe = ({ name, kind, table, bytes, rows }: RelationSize): string[] => [
  name,
  table === undefined ? kind : `${kind} of ${table}`,
  formatSize(bytes),
  rows === undefined ? "" : Math.round(rows).toLocaleString("en-US"),
];
