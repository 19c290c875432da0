import type { Runbook } from "../../packages/runbook/index.ts";

/** What is promised of AutoLynx, and what is done when a promise breaks. */
export default {
  environments: {
    preview: {
      database: "a copy of its own",
      vapi: "sandbox account",
      deploy: "automatic deployment on PR",
      features: ["Debug logging enabled", "Test data seeding", "Mock external services"],
    },
    production: {
      domain: "autolynx.com",
      database: "dedicated project with backups",
      vapi: "live phone number and billing",
      deploy: "main branch auto-deploy",
      monitoring: "error tracking and performance monitoring",
      features: ["Optimized builds", "Error tracking", "Performance monitoring", "Automated backups"],
    },
  },
  envSchema: {
    DATABASE_URL: "url",
    VAPI_API_KEY: "string",
    VAPI_PHONE_NUMBER_ID: "string",
    WEBHOOK_SHARED_SECRET: "string, min 32",
    CRON_SHARED_SECRET: "string, min 32",
    DEFAULT_CONCURRENCY_CAP: "integer, optional",
    DEFAULT_CRON_CADENCE: "integer, optional",
    LOG_LEVEL: "optional",
  },
  secrets: {
    storage: "environment variables, sealed",
    per_environment: true,
    client_exposure: "server-side only",
    rotation: "every 90 days",
  },
  featureFlags: {
    strictBatching: true,
    phoneLineHealthCheck: true,
    transcriptAnalysis: true,
    costTracking: true,
    exportFunctionality: true,
  },
  limits: {
    maxConcurrentCalls: 8,
    maxCampaignSize: 10_000,
    maxFileUploadSize: "10MB",
    cronCadenceSeconds: 60,
  },

  pipeline: { tests: "npm run test" },
  migrationProcess: {
    production: {
      apply: "before_deployment",
      rollback: "manual_with_review",
      testing: "pre_migration_backup",
    },
  },
  performanceBudgets: { bundle_size: "500KB gzipped" },
  smokeTests: {
    "it and what it stands on are well": { path: "/api/health", status: 200, contains: '"status":"healthy"' },
    "the scheduler's door is shut": { path: "/api/scheduler/tick", status: 401 },
  },
  schedules: { "/api/scheduler/tick": "*/1 * * * *" },
  healthChecks: {
    health: {
      path: "/api/health",
      status: 200,
      checks: ["database", "vapi", "auth"],
      interval: "10 seconds",
      timeout: "5 seconds",
      consecutive_failures: 3,
      action: "immediate_rollback",
    },
  },
  rollbackTriggers: {
    health_checks: { trigger: "health_check_fails_3_consecutive", action: "immediate_rollback" },
    error_rate: { threshold: "5%", window: "5 minutes", action: "immediate_rollback" },
    manual_triggers: ["integration_failure"],
  },
  performanceTargets: { response_time_p95: "< 2 seconds", error_rate: "< 1%" },
  metrics: {
    concurrentCalls: "gauge",
    campaign_success_rate: { kind: "gauge", unit: "share" },
    call_volume: "count",
    webhook_delivery_success_rate: { kind: "gauge", unit: "share" },
  },
  scalingThresholds: {
    concurrentCalls: { warning: 6, critical: 8 },
    databaseConnections: { warning: 80, critical: 95 },
    responseTime: { warning: 2000, critical: 5000 },
  },
  spendLimits: { vapi: "$100 per month", total: "$150 per month" },
  rateLimits: { vapi_requests: "80% of 100 requests per minute" },

  backupStrategy: {
    continuous: { enabled: true, method: "point-in-time recovery" },
    daily: {
      schedule: "daily 02:00 UTC",
      retention: "30 days",
      verification: "automated backup verification",
    },
    configuration: { code: "version control with Git", environment_vars: "backed_up_securely" },
  },
  restoreTests: "weekly",
  recoveryObjectives: { rpo: { database: "15 minutes" } },
  retention: { campaigns: { keep: "1 year", afterwards: "archive" } },
  disasterScenarios: {
    database_loss: { trigger: "database_lost", response: "restore by point-in-time recovery" },
    application_loss: { trigger: "application_lost", response: "deployment from Git" },
    campaign_interrupted: { trigger: "campaign_interrupted", response: "resume from last known state" },
  },
  businessContinuity: {
    degraded_mode: {
      description: "manual campaign management",
      features_disabled: ["automatic_scheduling"],
      communication: "status_page_and_notifications",
    },
  },

  byHand: {
    migrationProcess: { owner: "engineering", due: "2027-01-31" },
    "environments.preview.features": { owner: "engineering", due: "2027-01-31" },
    "environments.production.features": { owner: "engineering", due: "2027-01-31" },
    "secrets.rotation": { owner: "engineering", due: "2027-02-15" },
    limits: { owner: "engineering", due: "2027-01-31" },
    retention: { owner: "engineering", due: "2027-01-31" },
    disasterScenarios: { owner: "operations", due: "2027-01-31" },
  },
} satisfies Runbook;
