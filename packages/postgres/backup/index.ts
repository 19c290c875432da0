export * from "./backup-manifest.ts";
export * from "./base-backup.ts";
