export * from "./app-cluster/index.ts";
export * from "./archive/index.ts";
export * from "./backup/index.ts";
export * from "./errors.ts";
export * from "./restore/index.ts";
export * from "./server/index.ts";
export * from "./testing/test-cluster.ts";
