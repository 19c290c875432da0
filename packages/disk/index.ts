export * from "./durable-file.ts";
export * from "./key-file.ts";
export * from "./master-keys.ts";
