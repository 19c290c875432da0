import type { SignalOverviewRow } from "@evenkeel/model";
import type { SignalsClient } from "@evenkeel/signals/client/signals-client";
import type { AppCondition } from "../api/contract/overview.ts";
import type { Database } from "../database/database.ts";
import type { HealthChecker } from "../health/health-checker.ts";
import { deploymentRunbook, watchedEnvironments } from "../runbook/runbook-store.ts";
import type { RunbookWatcher } from "../runbook/runbook-watcher.ts";

export interface ConditionParts {
  database: Database;
  signals: Pick<SignalsClient, "overview">;
  health: Pick<HealthChecker, "all">;
  watcher: Pick<RunbookWatcher, "findingsOf">;
}

const windowMs = 600_000;
const p95 = 1;

/** How the production of every app is at this moment: one look at each source, however many apps there are. */
export async function appConditions(parts: ConditionParts): Promise<Map<string, AppCondition>> {
  const { database, signals, health, watcher } = parts;
  const conditions = new Map<string, AppCondition>();
  const of = (app: string): AppCondition => {
    let condition = conditions.get(app);
    if (!condition) {
      condition = { app, incidents: 0 };
      conditions.set(app, condition);
    }
    return condition;
  };
  const overview = await signals.overview(windowMs).catch(() => undefined);
  for (const row of overview?.rows ?? [])
    if (row.environment === "production" && !row.app.startsWith("_"))
      Object.assign(of(row.app), measured(row));
  for (const { app, environment, state } of health.all()) {
    if (environment !== "production") continue;
    const condition = of(app);
    if (condition.health === undefined || gravity[state] > gravity[condition.health])
      condition.health = state;
  }
  const open = await database.query<{ app: string; open: number; severity: string }>(
    `SELECT app, count(*)::integer AS open, (array_agg(severity ORDER BY rank))[1] AS severity
     FROM incidents WHERE state <> 'resolved' AND NOT is_drill AND app IS NOT NULL GROUP BY app`,
  );
  for (const { app, open: incidents, severity } of open) Object.assign(of(app), { incidents, severity });
  for (const released of await watchedEnvironments(database)) {
    if (released.environment !== "production") continue;
    const runbook = await deploymentRunbook(database, released.deployment).catch(() => undefined);
    if (!runbook) continue;
    const findings = watcher.findingsOf(released)?.findings;
    const kept = runbook.clauses.filter(
      ({ enforced }) => enforced.by !== "nothing" && enforced.by !== "person",
    );
    of(released.app).runbook = {
      clauses: runbook.clauses.length,
      enforced: kept.length,
      breached: [...(findings?.values() ?? [])].filter(({ state }) => state === "breached").length,
    };
  }
  return conditions;
}

const gravity = { passing: 0, unknown: 1, doubtful: 2, failing: 3 } as const;

function measured({ counts, histograms }: SignalOverviewRow): Partial<AppCondition> {
  const requests = counts["requests"];
  const latency = histograms["latency"];
  return {
    ...(requests === undefined ? {} : { requestsPerSecond: requests / (windowMs / 1_000) }),
    ...(requests ? { errorRate: (counts["errors"] ?? 0) / requests } : {}),
    ...(latency && latency.count > 0 ? { p95Ms: latency.percentiles[p95]! } : {}),
  };
}
