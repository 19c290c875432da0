import type { EnvironmentName } from "@evenkeel/model";
import type { Calendar } from "../quantities/calendar.ts";
import type { CommunicationPlan, ContinuityPlan, OnCallPlan, SeverityClass } from "./incident-plan.ts";

/** What the parts of the platform take out of a runbook, in plain units. */
export interface RunbookPlan {
  /** Steps of a release's traffic; absent: at once. */
  canary?: CanaryPlan;
  healthChecks: HealthCheckPlan[];
  /** Commands that have to pass before anything is released, in their order. */
  pipelineChecks: PipelineCheckPlan[];
  smokeTests: SmokeTestPlan[];
  budgets: BudgetPlan[];
  migrations: Partial<Record<EnvironmentName, MigrationPolicyPlan>>;
  approvals: ApprovalsPlan;
  database: DatabasePlan;
  /** Environment → flag → value. */
  flags: Partial<Record<EnvironmentName | "all", Record<string, boolean | string | number>>>;
  recovery: RecoveryPlan;
  variables: VariableRule[];
  /** Path → cron, as the deployment has to declare it. */
  schedules: Record<string, string>;
  retention: Record<string, number>;
  /** Gravest first; empty: the platform's usual ones. */
  severities: SeverityClass[];
  communication?: CommunicationPlan;
  onCall?: OnCallPlan;
  continuity?: ContinuityPlan;
}

export interface CanaryPlan {
  /** Ends with 1. */
  steps: { share: number; holdMs: number }[];
  /** Without so many requests at the new deployment a step is not over. */
  minimumSamples: number;
}

export interface HealthCheckPlan {
  name: string;
  path: string;
  method: "GET" | "HEAD";
  /** Statuses that pass, both included. */
  status: { least: number; most: number };
  contains?: string;
  intervalMs: number;
  timeoutMs: number;
  /** In a row, before it counts as failed. */
  failures: number;
}

export interface PipelineCheckPlan {
  name: string;
  /** One command line, as in a `package.json` script. */
  run: string;
  timeoutMs: number;
}

export type SmokeTestPlan = { name: string } & (
  | {
      path: string;
      method: "GET" | "HEAD";
      status: { least: number; most: number };
      contains?: string;
      timeoutMs: number;
    }
  | { run: string; timeoutMs: number }
);

export interface BudgetPlan {
  /** `bundle`: JavaScript that browsers load; `page`: the largest page; `function`: the largest function. */
  of: "bundle" | "page" | "function" | "output";
  bytes: number;
  gzipped: boolean;
}

export interface MigrationPolicyPlan {
  /** People who have to approve each migration before it runs; 0: only what the guard stops. */
  reviewers: 0 | 1 | 2;
  /** A backup before every migration, not only those that take something away. */
  backupFirst: boolean;
  /** What takes something away is refused, approved or not. */
  additiveOnly: boolean;
  /** People who have to agree to a rollback past it; 0: nobody in particular. */
  rollbackApprovers: 0 | 1 | 2;
}

export interface ApprovalsPlan {
  /** Different people who have to agree to a manual rollback of production. */
  manualRollback: 0 | 1 | 2;
  /** To a deploy to production; absent or 0: whoever may deploy is enough. */
  productionDeploy?: 0 | 1 | 2;
}

export interface DatabasePlan {
  /** Base backups. */
  backups: { calendar: Calendar; keepMs: number }[];
  /** Any point of so long ago can be restored. */
  pointInTimeMs?: number;
  verifyEveryDays?: number;
  upkeep: { name: string; calendar: Calendar; sql: string[] }[];
  /** What may be lost, and how long a recovery may take. */
  rpoMs?: number;
  rtoMs?: number;
  failover?: FailoverPlan;
}

export interface RecoveryPlan {
  /** How much may be lost, and how long a recovery may take: by the part that the runbook names, in milliseconds. */
  rpo: Record<string, number>;
  rto: Record<string, number>;
  scenarios: ScenarioPlan[];
  fallbacks: FallbackPlan[];
}

/** A disaster that can be rehearsed. */
export interface ScenarioPlan {
  name: DrillScenario;
  rtoMs?: number;
  rpoMs?: number;
  everyDays: number;
}

export const drillScenarios = [
  "database_corruption",
  "region_failure",
  "critical_service_down",
  "security_incident",
  "control_plane_loss",
] as const;
export type DrillScenario = (typeof drillScenarios)[number];

/** An outside service, and the flag by which apps go to another one while it is down. */
export interface FallbackPlan {
  name: string;
  url: string;
  flag: string;
  value: boolean | string;
  /** In a row, before it counts as down. */
  failures: number;
  intervalMs: number;
  timeoutMs: number;
  /** It has to answer for so long before apps go back. */
  recoverAfterMs: number;
}

export interface FailoverPlan {
  /** The standby takes over by itself after so many checks in a row that its primary did not answer; 0: only when somebody asks. */
  checks: number;
  /** Who may ask, as roles of the team; nobody in particular where it is empty. */
  decisionMakers: string[];
  /** How long it may take once it is decided. */
  executionMs?: number;
}

export interface VariableRule {
  name: string;
  optional: boolean;
  type: "string" | "url" | "number" | "integer" | "boolean" | "email" | "enum";
  oneOf?: string[];
  startsWith?: string;
  leastLength?: number;
  mostLength?: number;
}

export const emptyPlan = (): RunbookPlan => ({
  ...{ healthChecks: [], pipelineChecks: [], smokeTests: [], budgets: [], migrations: {}, flags: {} },
  ...{ variables: [], schedules: {}, retention: {}, severities: [] },
  approvals: { manualRollback: 0 },
  database: { backups: [], upkeep: [] },
  recovery: { rpo: {}, rto: {}, scenarios: [], fallbacks: [] },
});
