export * from "./durable-file.ts";
export * from "./entries-of.ts";
export * from "./key-file.ts";
export * from "./master-keys.ts";
