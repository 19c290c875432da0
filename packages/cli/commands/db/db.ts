import type { Command } from "commander";
import { registerDbAccess } from "./db-access.ts";
import { registerDbBackups } from "./db-backups.ts";
import { registerDbBranches } from "./db-branches.ts";
import { registerDbDumps } from "./db-dumps.ts";
import { registerDbLife } from "./db-life.ts";
import { registerDbMigrations } from "./db-migrations.ts";
import { registerDbSize } from "./db-size.ts";
import { registerDbStandby } from "./db-standby.ts";
import { registerDbTerms } from "./db-terms.ts";
import { registerDbUpkeep } from "./db-upkeep.ts";
import { registerDbVerification } from "./db-verification.ts";

export function registerDb(program: Command): void {
  const db = program
    .command("db")
    .summary("the PostgreSQL databases of apps")
    .description(
      "Each environment of an app can have a PostgreSQL database of its own: archived continuously, backed up daily, restorable to any moment of the last 7 days, unless `db schedule` says otherwise.",
    )
    .addHelpText(
      "after",
      `
Examples:
  evenkeel db create shop
  evenkeel db psql shop
  evenkeel db restore shop --to "2026-03-01 14:05:00Z"`,
    );
  registerDbLife(db);
  registerDbAccess(db);
  registerDbBackups(db);
  registerDbVerification(db);
  registerDbBranches(db);
  registerDbMigrations(db);
  registerDbDumps(db);
  registerDbStandby(db);
  registerDbTerms(db);
  registerDbUpkeep(db);
  registerDbSize(db);
}
