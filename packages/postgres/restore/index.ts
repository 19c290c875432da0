export * from "./recovery-target.ts";
export * from "./restore-cluster.ts";
export * from "./restore-plan.ts";
export * from "./restore-point.ts";
export * from "./switch-in.ts";
