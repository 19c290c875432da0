export * from "./definition/flag-set.ts";
export * from "./definition/parse-flag-set.ts";
export * from "./errors.ts";
export * from "./evaluation/flag-evaluator.ts";
