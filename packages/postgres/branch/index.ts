export * from "./branch-limits.ts";
export * from "./branch-source.ts";
export * from "./create-branch.ts";
