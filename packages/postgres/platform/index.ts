export * from "./archive-place.ts";
export * from "./platform-archives.ts";
export * from "./platform-database.ts";
export * from "./rebuild-home.ts";
export * from "./recovery-key.ts";
