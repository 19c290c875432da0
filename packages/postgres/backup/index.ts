export * from "./backup-manifest.ts";
export * from "./backup-schedule.ts";
export * from "./base-backup.ts";
export * from "./expire.ts";
export * from "./retention.ts";
