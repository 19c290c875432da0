import { join } from "node:path";
import { formatSize, type HomeLayout } from "@evenkeel/model";
import { dumpDatabase, dumpKey } from "@evenkeel/postgres/migrations/logical-dump";
import type { DatabasesLink } from "../databases/databases-link.ts";
import type { Migrated, MigrationTarget } from "./migration-target.ts";

/**
 * Keeps what a migration is about to take away: a base backup, or of an external database a dump where that is possible.
 *
 * @throws what the backup or the dump throws; nothing must be migrated then
 */
export async function secureBefore(
  parts: { layout: HomeLayout; databases: DatabasesLink },
  target: MigrationTarget,
  { app, environment }: Migrated,
  note: (text: string) => void,
  signal: AbortSignal,
): Promise<void> {
  if (target.kind === "own") {
    // Of a preview nobody would want it back.
    if (environment === "preview") return;
    const { backup } = await parts.databases.ask({
      type: "backup",
      label: "pre-migration",
      app,
      environment,
    });
    note(
      `Backup ${backup!.id} is taken: ${formatSize(backup!.dataBytes)}, "pre-migration" in \`evenkeel db backups ${app}\``,
    );
    return;
  }
  const time = new Date().toISOString().replaceAll(/[-:]|\.\d+/g, "");
  const path = join(parts.layout.backups, app, environment, "external", `${time}-pre-migration.dump`);
  const dump = await dumpDatabase(target.address, path, dumpKey(parts.layout), signal);
  if (dump.taken)
    note(
      `The external database is dumped to ${dump.path}, sealed, ${formatSize(dump.sizeBytes)}; \`evenkeel db open-dump\` gives what pg_restore reads`,
    );
  else {
    note(
      `No backup is taken, since ${dump.reason}: only the provider of the database can set it back to before this migration (point-in-time recovery).`,
    );
  }
}
