// Written by `evenkeel runbook types`. Do not edit; write it anew when the platform is newer.

/** The policy of an app, as `runbook.ts` beside it exports it by default: `satisfies Runbook`. */
export interface Runbook {
  /** What each environment consists of, by its own words: domain, database, services, monitoring. */
  environments?: Partial<Record<"production" | "prod" | "staging" | "stage" | "preview" | "development" | "dev", Record<string, string | Array<string>>>> | undefined;
  /** What variables have to be: `'url'`, `'string, min 32'`, `"starts with 'sk-'"`, `'url, optional'`, or a list. */
  envSchema?: Record<string, string | Array<string>> | undefined;
  /** How secrets are kept and how often they are changed. */
  secrets?: {
    storage?: string | undefined;
    per_environment?: boolean | undefined;
    client_exposure?: string | undefined;
    rotation?: string | undefined;
  } | undefined;
  /** Values of feature flags, for all environments or by environment. */
  featureFlags?: Record<string, boolean | string | number | Record<string, boolean | string | number>> | undefined;
  /** How migrations run in each environment, and who has to look at them first. */
  migrationProcess?: Partial<Record<"production" | "prod" | "staging" | "stage" | "preview" | "development" | "dev", {
    apply?: "automatic" | "automatic_on_deploy" | "before_deployment" | "additive_only" | "manual_with_review" | "manual_with_approval" | "two_person_approval" | undefined;
    rollback?: "manual" | "manual_with_review" | "manual_with_approval" | "two_person_approval" | "never" | undefined;
    testing?: "none" | "seed_data_reset" | "full_test_suite" | "pre_migration_backup" | undefined;
  }>> | undefined;
  /** Commands that have to pass before anything is released: `typecheck: 'pnpm typecheck'`. */
  pipeline?: Record<string, string | {
    run: string;
    timeout?: string | undefined;
  }> | undefined;
  /** How large what is built may be: `bundle_size: '350KB gzipped'`. */
  performanceBudgets?: Partial<Record<"bundle_size" | "bundle" | "javascript" | "page_size" | "page" | "function_size" | "function" | "output_size" | "output", string>> | undefined;
  /** What a new deployment has to answer at its own URL before it gets any traffic. */
  smokeTests?: Record<string, {
    path: string;
    method?: "GET" | "HEAD" | undefined;
    status?: number | string | undefined;
    contains?: string | undefined;
    timeout?: string | undefined;
  } | {
    run: string;
    timeout?: string | undefined;
  }> | undefined;
  /** Paths that are asked from outside while a deployment serves. */
  healthChecks?: Record<string, {
    path: string;
    method?: "GET" | "HEAD" | undefined;
    status?: number | string | undefined;
    contains?: string | undefined;
    interval?: string | undefined;
    timeout?: string | undefined;
    consecutive_failures?: number | undefined;
    action?: string | undefined;
    checks?: string | Array<string> | undefined;
  }> | undefined;
  /** The shares of traffic that a new release gets on its way: `'5% for 2 minutes, 25%, 100%'`. */
  canary?: string | Array<string> | {
    steps: string | Array<string>;
    minimum_samples?: number | undefined;
  } | undefined;
  /** What rolls a release back by itself, at once or in stages, and what a person rolls it back for. */
  rollbackTriggers?: Record<string, {
    threshold?: string | number | undefined;
    trigger?: string | undefined;
    window?: string | undefined;
    action: string;
    minimum_samples?: number | undefined;
    cooldown?: string | undefined;
  } | Array<string>> | undefined;
  /** What belongs to a rollback, step by step. */
  rollbackProcess?: Array<string> | undefined;
  /** What is rolled back for which symptoms, and how long that may take. */
  rollbackPlan?: Record<string, {
    symptoms: string | Array<string>;
    rollback: string;
    recovery_time?: string | undefined;
  }> | undefined;
  /** What is wanted of a release while it serves: `response_time_p95: '< 2s'`. */
  performanceTargets?: Record<string, string | number | {
    target: string | number;
    window?: string | undefined;
    action?: string | undefined;
    minimum_samples?: number | undefined;
  }> | undefined;
  /** From when on something is about to be too small, and what is done about it. */
  scalingThresholds?: Record<string, {
    trigger: string;
    window?: string | undefined;
    action: string;
    limit?: string | undefined;
    cooldown?: string | undefined;
    fallback?: string | undefined;
  } | {
    warning: string | number;
    critical: string | number;
    window?: string | undefined;
  }> | undefined;
  /** What outside providers may cost: `total: '$50 per month'`, or by the provider's name. */
  spendLimits?: Record<string, string | {
    limit: string;
    action?: string | undefined;
  }> | undefined;
  /** How much of a provider's or an app's rate may be used: `tokens: '80% of 180k per minute'`. */
  rateLimits?: Record<string, string> | undefined;
  /** Bounds that the app keeps itself: `maxConcurrentCalls: 8`. */
  limits?: Record<string, string | number> | undefined;
  /** Jobs that every production release has to declare, by their path: `'/api/cron/daily': '0 9 * * *'`. */
  schedules?: Record<string, string> | undefined;
  /** What is backed up when, kept how long, and how it is known that it can be restored. */
  backupStrategy?: {
    continuous?: {
      schedule?: string | undefined;
      method?: string | undefined;
      retention?: string | undefined;
      storage?: string | undefined;
      verification?: string | undefined;
      enabled?: boolean | undefined;
      recovery_time_objective?: string | undefined;
      recovery_point_objective?: string | undefined;
    } | undefined;
    hourly?: {
      schedule?: string | undefined;
      method?: string | undefined;
      retention?: string | undefined;
      storage?: string | undefined;
      verification?: string | undefined;
      enabled?: boolean | undefined;
      recovery_time_objective?: string | undefined;
      recovery_point_objective?: string | undefined;
    } | undefined;
    daily?: {
      schedule?: string | undefined;
      method?: string | undefined;
      retention?: string | undefined;
      storage?: string | undefined;
      verification?: string | undefined;
      enabled?: boolean | undefined;
      recovery_time_objective?: string | undefined;
      recovery_point_objective?: string | undefined;
    } | undefined;
    weekly?: {
      schedule?: string | undefined;
      method?: string | undefined;
      retention?: string | undefined;
      storage?: string | undefined;
      verification?: string | undefined;
      enabled?: boolean | undefined;
      recovery_time_objective?: string | undefined;
      recovery_point_objective?: string | undefined;
    } | undefined;
    monthly?: {
      schedule?: string | undefined;
      method?: string | undefined;
      retention?: string | undefined;
      storage?: string | undefined;
      verification?: string | undefined;
      enabled?: boolean | undefined;
      recovery_time_objective?: string | undefined;
      recovery_point_objective?: string | undefined;
    } | undefined;
    database?: {
      continuous?: {
        schedule?: string | undefined;
        method?: string | undefined;
        retention?: string | undefined;
        storage?: string | undefined;
        verification?: string | undefined;
        enabled?: boolean | undefined;
        recovery_time_objective?: string | undefined;
        recovery_point_objective?: string | undefined;
      } | undefined;
      hourly?: {
        schedule?: string | undefined;
        method?: string | undefined;
        retention?: string | undefined;
        storage?: string | undefined;
        verification?: string | undefined;
        enabled?: boolean | undefined;
        recovery_time_objective?: string | undefined;
        recovery_point_objective?: string | undefined;
      } | undefined;
      daily?: {
        schedule?: string | undefined;
        method?: string | undefined;
        retention?: string | undefined;
        storage?: string | undefined;
        verification?: string | undefined;
        enabled?: boolean | undefined;
        recovery_time_objective?: string | undefined;
        recovery_point_objective?: string | undefined;
      } | undefined;
      weekly?: {
        schedule?: string | undefined;
        method?: string | undefined;
        retention?: string | undefined;
        storage?: string | undefined;
        verification?: string | undefined;
        enabled?: boolean | undefined;
        recovery_time_objective?: string | undefined;
        recovery_point_objective?: string | undefined;
      } | undefined;
      monthly?: {
        schedule?: string | undefined;
        method?: string | undefined;
        retention?: string | undefined;
        storage?: string | undefined;
        verification?: string | undefined;
        enabled?: boolean | undefined;
        recovery_time_objective?: string | undefined;
        recovery_point_objective?: string | undefined;
      } | undefined;
    } | undefined;
    user_content?: Record<string, {
      schedule?: string | undefined;
      method?: string | undefined;
      retention?: string | undefined;
      storage?: string | undefined;
      verification?: string | undefined;
      enabled?: boolean | undefined;
      recovery_time_objective?: string | undefined;
      recovery_point_objective?: string | undefined;
    }> | undefined;
    configuration?: Record<string, string> | undefined;
  } | undefined;
  /** How often the newest backup is restored into a throw-away cluster and compared: `'weekly'`. */
  restoreTests?: "daily" | "weekly" | "monthly" | undefined;
  /** How much may be lost (`rpo`) and how long a recovery may take (`rto`), by part. */
  recoveryObjectives?: {
    rpo?: Record<string, string> | undefined;
    rto?: Record<string, string> | undefined;
  } | undefined;
  /** How long things are kept, and what becomes of them: `audit_logs: { keep: '1 year', afterwards: 'archive' }`. */
  retention?: Record<string, string | {
    keep: string;
    afterwards?: "delete" | "archive" | undefined;
    by?: string | undefined;
  }> | undefined;
  /** SQL that a database needs from time to time, one statement each, in its order. */
  maintenance?: Record<string, {
    schedule: string;
    sql: string | Array<string>;
  }> | undefined;
  /** When the standby takes over, and who may say so. */
  failoverProcedures?: {
    automatic?: {
      triggers: Array<string>;
      actions: Array<string>;
    } | undefined;
    manual?: {
      decision_makers: Array<string>;
      approval_time?: string | undefined;
      execution_time?: string | undefined;
      rollback_plan?: string | undefined;
    } | undefined;
  } | undefined;
  /** What is done when something large fails, how long it may take, and how often it is rehearsed. */
  disasterScenarios?: Record<string, {
    trigger: string;
    response: string;
    estimated_downtime?: string | undefined;
    data_loss_risk?: string | undefined;
    drill?: "daily" | "weekly" | "monthly" | "quarterly" | "yearly" | undefined;
    fallback?: {
      url: string;
      flag: string;
      value?: boolean | string | undefined;
      consecutive_failures?: number | undefined;
      interval?: string | undefined;
      timeout?: string | undefined;
      recovers_after?: string | undefined;
    } | undefined;
  }> | undefined;
  /** What has to go on, what may be switched off for it, and who hears of it how often. */
  businessContinuity?: {
    essential_services?: Array<string> | undefined;
    degraded_mode?: {
      description: string;
      features_disabled: Array<string>;
      communication?: string | undefined;
    } | undefined;
    communication_plan?: Record<string, {
      channels: Array<string>;
      frequency?: string | undefined;
      responsible?: string | undefined;
    }> | undefined;
  } | undefined;
  /** How grave an incident is, and how soon somebody answers it. */
  incidentSeverity?: Record<string, {
    description: string;
    response_time: string;
    escalation?: string | undefined;
    examples?: Array<string> | undefined;
  }> | undefined;
  /** Who is told of an incident of which severity, by which channel, in which words. */
  communicationPlan?: {
    internal?: Record<string, string | Array<string>> | undefined;
    external?: Record<string, string | Array<string>> | undefined;
    templates?: Record<string, string> | undefined;
  } | undefined;
  /** Who is called, in which order. */
  onCall?: {
    rotation: Array<string>;
    handover?: string | undefined;
    channel?: string | undefined;
    business_hours?: string | undefined;
  } | undefined;
  /** What needs the word of one or two different people: a manual rollback of production, its deploys. */
  approvals?: {
    manual_rollback?: "nobody" | "one_person" | "two_person_approval" | undefined;
    production_deploy?: "nobody" | "one_person" | "two_person_approval" | undefined;
  } | undefined;
  /** How pages are made fast, by area. */
  optimizationStrategy?: Record<string, Record<string, string>> | undefined;
  /** A rollout in phases that people go through: goal, steps, and when one is taken back. */
  deploymentPhases?: Record<string, {
    when?: string | undefined;
    goal: string;
    steps?: Array<string> | undefined;
    rollback_trigger?: string | undefined;
  }> | undefined;
  /** Lines of checklists; one that a clause enforces names that clause: `'All tests passing': 'pipeline'`. */
  checklists?: Record<string, Array<string> | Record<string, string>> | undefined;
  /** Metrics that the app sends itself, by the names that it sends them under. */
  metrics?: Record<string, "gauge" | "count" | "histogram" | {
    kind: "gauge" | "count" | "histogram";
    unit?: "share" | "ms" | "bytes" | "count" | "per_second" | "micro_usd" | undefined;
  }> | undefined;
  /** Who sees to the clauses that nothing enforces, and until when. */
  byHand?: Record<string, {
    owner: string;
    due: string;
    note?: string | undefined;
  }> | undefined;
}
