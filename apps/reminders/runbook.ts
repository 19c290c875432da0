import type { Runbook } from "./runbook-types.d.ts";

/** What is promised of Reminders, and what is done when a promise breaks. */
export default {
  migrationProcess: { production: { apply: "additive_only" } },
  smokeTests: {
    "the database answers": { path: "/api/health", status: 200, contains: '"status":"ok"' },
    "the scheduler's door is shut": { path: "/api/cron/daily-reminders", status: 401 },
  },
  healthChecks: {
    database: { path: "/api/health", interval: "10 seconds", timeout: "5 seconds", consecutive_failures: 3 },
  },
  rollbackTriggers: {
    error_rate: { threshold: "5%", window: "5 minutes", action: "immediate_rollback" },
    response_time_p95: { threshold: "5 seconds", window: "10 minutes", action: "staged_rollback" },
    manual_triggers: ["Somebody sees wrong or missing reminders"],
  },
  schedules: { "/api/cron/daily-reminders": "0 9 * * *" },
  performanceTargets: {
    response_time_p95: "< 300 milliseconds",
    error_rate: "< 1%",
    largest_contentful_paint: { target: "< 2.5 seconds", window: "1 hour" },
    interaction_to_next_paint: { target: "< 200 milliseconds", window: "1 hour" },
    cumulative_layout_shift: { target: "< 0.1", window: "1 hour" },
  },
  performanceBudgets: { bundle_size: "150KB gzipped" },
  backupStrategy: {
    continuous: { retention: "7 days" },
    daily: { schedule: "daily 02:00 UTC", retention: "30 days" },
    weekly: { schedule: "Sunday 01:00 UTC", retention: "12 weeks", verification: "weekly restore test" },
  },
  recoveryObjectives: { rpo: { database: "15 minutes" }, rto: { database: "1 hour" } },
} satisfies Runbook;
