export * from "./detect.ts";
export * from "./guard/finding.ts";
export * from "./guard/review.ts";
export { type AppliedMigration, readLedger, resolveMigration } from "./ledger.ts";
export * from "./migration-lock.ts";
export * from "./migration-set.ts";
export * from "./rollback-compatibility.ts";
export * from "./run-command.ts";
export * from "./run-migrations.ts";
