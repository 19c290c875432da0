export * from "./oracle.ts";
export * from "./verify-archive.ts";
