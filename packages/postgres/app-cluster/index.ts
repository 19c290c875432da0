export * from "./app-cluster.ts";
export * from "./app-role.ts";
export * from "./connection-environment.ts";
export * from "./connection-limits.ts";
