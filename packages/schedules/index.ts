export * from "./cron/cron-problem.ts";
export * from "./cron/next-time.ts";
export * from "./definition/schedule-definition.ts";
export * from "./definition/schedule-problem.ts";
export * from "./policy/admit-runs.ts";
export * from "./policy/due-ticks.ts";
export * from "./policy/retry-delay.ts";
export * from "./policy/schedule-policy.ts";
