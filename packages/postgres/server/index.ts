export * from "./cluster.ts";
export * from "./running-cluster.ts";
export * from "./server-account.ts";
export * from "./server-binaries.ts";
export * from "./server-settings.ts";
