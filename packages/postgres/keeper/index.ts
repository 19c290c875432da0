export * from "./database-keeper.ts";
export * from "./restore-lost.ts";
export * from "./serve-databases.ts";
export * from "./stop-databases.ts";
