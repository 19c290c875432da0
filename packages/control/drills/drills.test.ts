import { expect, test } from "bun:test";
import { parseAppName } from "@evenkeel/model";
import { readRunbook } from "@evenkeel/runbook";
import type { Drill } from "../api/contract/index.ts";
import { continuityReport } from "./continuity-report.ts";
import { drillDueMs } from "./drill-due.ts";
import { drillObjectives } from "./drill-objectives.ts";
import { judge } from "./drills.ts";

const app = parseAppName("shop");
const dayMs = 86_400_000;
const nowMs = 1_000 * dayMs;
const { plan } = readRunbook({
  file: "runbook.ts",
  value: {
    recoveryObjectives: {
      rpo: { database: "15 minutes" },
      rto: { critical_services: "30 minutes", full_functionality: "4 hours" },
    },
    disasterScenarios: {
      database_corruption: {
        ...{
          trigger: "t",
          response: "restore",
          estimated_downtime: "2-3 hours",
          data_loss_risk: "up_to_5_minutes",
        },
        drill: "weekly",
      },
      region_failure: { trigger: "t", response: "failover" },
    },
    failoverProcedures: {
      automatic: { triggers: ["health_check_fails_3_consecutive"], actions: ["route_traffic_to_backup"] },
      manual: { decision_makers: ["tech_lead"], execution_time: "< 15 minutes" },
    },
  },
});

const drill = (changes: Partial<Drill>): Drill => ({
  ...{ id: "d", app, environment: "production", scenario: "database_corruption", trigger: "manual" },
  ...{ actor: { kind: "platform", id: "x", name: "x" }, state: "passed", startedMs: nowMs - dayMs },
  ...{ finishedMs: nowMs, objectives: {}, steps: [], failures: [], ...changes },
});

test("a drill is held to the strictest of what the runbook says of its disaster", () => {
  expect(drillObjectives(plan, "database_corruption")).toEqual({ rtoMs: 3 * 3_600_000, rpoMs: 300_000 });
  expect(drillObjectives(plan, "region_failure")).toEqual({ rtoMs: 900_000, rpoMs: 900_000 });
  expect(plan.database.failover).toMatchObject({ checks: 3, decisionMakers: ["tech_lead"] });
});

test("a drill that missed an objective, or did not come to measure it, has failed", () => {
  const objectives = { rtoMs: 1_000, rpoMs: 0 };
  expect(judge(drill({ objectives, rtoMs: 1_000, rpoMs: 0 })).state).toBe("passed");
  expect(judge(drill({ objectives, rtoMs: 1_001, rpoMs: 0 }))).toMatchObject({
    state: "failed",
    failures: [
      { code: "objective_missed", message: "Recovery time: at most 1000 ms, and 1001 ms were measured" },
    ],
  });
  expect(judge(drill({ objectives, rtoMs: 1 })).failures[0]?.message).toContain("nothing was measured");
});

test("a drill is due when its period is over, after a day when it failed, and the first time within a part of the period", () => {
  const weekly = { name: "region_failure", everyDays: 7 } as const;
  const startedMs = nowMs - 3 * dayMs;
  expect(drillDueMs(weekly, { state: "passed", startedMs }, 0)).toBe(startedMs + 7 * dayMs);
  expect(drillDueMs(weekly, { state: "failed", startedMs }, 0)).toBe(startedMs + dayMs);
  const first = drillDueMs(weekly, undefined, nowMs) - nowMs;
  expect(first).toBeGreaterThanOrEqual(0.7 * dayMs);
  expect(first).toBeLessThan(1.4 * dayMs);
});

test("the report tells what was measured last, how it goes, and what is overdue", () => {
  const drills = [
    drill({ id: "c", rtoMs: 9_000, state: "failed", startedMs: nowMs - dayMs }),
    drill({ id: "b", rtoMs: 3_000, startedMs: nowMs - 10 * dayMs }),
    drill({ id: "a", rtoMs: 3_100, startedMs: nowMs - 17 * dayMs }),
  ];
  const report = continuityReport({
    app,
    plan,
    sinceMs: nowMs - 100 * dayMs,
    drills,
    hasStandby: false,
    nowMs,
  });
  expect(report.scenarios).toMatchObject([
    {
      scenario: "database_corruption",
      everyDays: 7,
      last: { id: "c", state: "failed", rtoMs: 9_000 },
      trend: "worse",
    },
    { scenario: "region_failure", everyDays: 91, trend: "unknown" },
  ]);
  expect(report.scenarios[0]!.overdueSinceMs).toBe(nowMs - 3 * dayMs);
  expect(report.overdue).toEqual([
    expect.stringContaining("The last drill of database_corruption failed"),
    expect.stringContaining("database_corruption that passes is overdue for 3 d"),
    expect.stringContaining("region_failure that passes is overdue"),
    expect.stringContaining("no standby"),
  ]);
});
