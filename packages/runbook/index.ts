export * from "./errors.ts";
export { ruleText, variableFaults } from "./kinds/env-schema.ts";
export { clauseKinds } from "./kinds/index.ts";
export * from "./language/clause.ts";
export { amountText, type Condition, conditionText } from "./language/condition.ts";
export * from "./language/measure.ts";
export * from "./language/read-runbook.ts";
export type { Runbook } from "./language/runbook.ts";
export * from "./language/runbook-plan.ts";
