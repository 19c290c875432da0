import type { ErrorJson } from "@evenkeel/model";
import type { DatabaseAddress } from "../client/database-address.ts";
import type { AppliedMigration } from "./ledger.ts";
import type { SqlMigrations } from "./migration-set.ts";
import type { Approval, MigrationPlan } from "./run-migrations.ts";

/** The first line of a migrator's standard input. When the input ends, nobody wants its work any more. */
export type MigratorRequest =
  | { type: "plan"; address: DatabaseAddress; set: SqlMigrations }
  | { type: "run"; address: DatabaseAddress; set: SqlMigrations; approval?: Approval }
  | { type: "ledger"; address: DatabaseAddress }
  | { type: "resolve"; address: DatabaseAddress; outcome: "done" | "undone"; set?: SqlMigrations };

export interface MigratorResults {
  plan: MigrationPlan;
  /** The ledger afterwards. */
  run: AppliedMigration[];
  /** And whether anything of the app's is in the database. */
  ledger: { ledger: AppliedMigration[]; hasContent: boolean };
  /** Names. */
  resolve: string[];
}

/** Lines of its standard output. */
export type MigratorMessage =
  | { type: "log"; text: string }
  | { type: "done"; result: unknown }
  | { type: "failed"; error: ErrorJson };
