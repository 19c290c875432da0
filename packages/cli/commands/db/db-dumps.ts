import { writeSync } from "node:fs";
import { openSealedFile } from "@evenkeel/postgres/archive/sealed-file";
import { dumpKey } from "@evenkeel/postgres/migrations/logical-dump";
import type { Command } from "commander";
import { UsageError } from "../../errors.ts";
import { callerPath, findHome } from "../../platform/home.ts";

/** Works on the machine of the platform alone, as its keys are there, also while it is down. */
export function registerDbDumps(db: Command): void {
  db.command("open-dump")
    .summary("unseal the dump of an external database")
    .description(
      "Dumps that are taken of external databases before migrations are sealed. This prints one as pg_dump wrote it, in its custom format; where the file is damaged, nothing follows the last sound part, and the command fails.",
    )
    .argument("<file>", "in backups/APP/ENVIRONMENT/external of the data directory")
    .addHelpText(
      "after",
      '\nExample:\n  evenkeel db open-dump 20260301T140500Z-pre-migration.dump | pg_restore --clean --dbname "$DATABASE_URL"',
    )
    .action(openDump);
}

function openDump(file: string): void {
  if (process.stdout.isTTY) {
    throw new UsageError("A dump is no text for a terminal", {
      hint: "Lead it into pg_restore, or into a file: evenkeel db open-dump FILE > FILE.pgdump",
    });
  }
  for (const part of openSealedFile(dumpKey(findHome()), callerPath(file))) {
    for (let written = 0; written < part.length; ) written += write(part.subarray(written));
  }
}

/** A pipe whose reader is slow may refuse for a moment. */
function write(bytes: Uint8Array): number {
  for (;;) {
    try {
      return writeSync(1, bytes);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
      Bun.sleepSync(5);
    }
  }
}
