import type { ClauseKind } from "../language/clause.ts";
import { approvals } from "./approvals.ts";
import { backupStrategy, restoreTests } from "./backup-strategy.ts";
import { businessContinuity } from "./business-continuity.ts";
import { canary } from "./canary.ts";
import { schedules } from "./declared-schedules.ts";
import { disasterScenarios } from "./disaster-scenarios.ts";
import { envSchema } from "./env-schema.ts";
import { environments } from "./environments.ts";
import { failoverProcedures } from "./failover.ts";
import { featureFlags } from "./feature-flags.ts";
import { healthChecks } from "./health-checks.ts";
import { communicationPlan, incidentSeverity, onCall } from "./incidents.ts";
import { maintenance } from "./maintenance.ts";
import { migrationProcess } from "./migration-process.ts";
import { performanceBudgets } from "./performance-budgets.ts";
import { performanceTargets } from "./performance-targets.ts";
import { pipeline } from "./pipeline.ts";
import {
  checklists,
  deploymentPhases,
  limits,
  optimizationStrategy,
  rollbackPlan,
  rollbackProcess,
  secrets,
} from "./procedures.ts";
import { recoveryObjectives } from "./recovery-objectives.ts";
import { retention } from "./retention.ts";
import { rollbackTriggers } from "./rollback-triggers.ts";
import { scalingThresholds } from "./scaling-thresholds.ts";
import { smokeTests } from "./smoke-tests.ts";
import { rateLimits, spendLimits } from "./spend-limits.ts";

/** Every kind of clause, in the order in which they are shown. */
export const clauseKinds = {
  environments,
  envSchema,
  secrets,
  featureFlags,
  migrationProcess,
  pipeline,
  performanceBudgets,
  smokeTests,
  healthChecks,
  canary,
  rollbackTriggers,
  rollbackProcess,
  rollbackPlan,
  performanceTargets,
  scalingThresholds,
  spendLimits,
  rateLimits,
  limits,
  schedules,
  backupStrategy,
  restoreTests,
  recoveryObjectives,
  retention,
  maintenance,
  failoverProcedures,
  disasterScenarios,
  businessContinuity,
  incidentSeverity,
  communicationPlan,
  onCall,
  approvals,
  optimizationStrategy,
  deploymentPhases,
  checklists,
} satisfies Record<string, ClauseKind>;
