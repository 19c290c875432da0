export * from "./archive.ts";
export * from "./archive-key.ts";
export * from "./archive-target.ts";
export * from "./folder-target.ts";
export * from "./open-target.ts";
export * from "./probe-target.ts";
export * from "./wal-archiver.ts";
