import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import autolynxArchitecture from "./fixtures/autolynx-architecture.ts";
import autolynxPrd from "./fixtures/autolynx-prd.ts";
import classchat from "./fixtures/classchat.ts";
import reminders from "./fixtures/reminders.ts";
import vibelog from "./fixtures/vibelog.ts";
import { type Clause, type CompiledRunbook, readRunbook } from "./index.ts";

/** Five runbooks written after the documents that asked for all this, each with that document's own keys and figures. */
function compile(name: string, value: unknown): CompiledRunbook {
  const file = `${name}.ts`;
  const text = readFileSync(join(import.meta.dir, "fixtures", file), "utf8");
  return readRunbook({ file, text, value: JSON.parse(JSON.stringify(value)) });
}

/** Section → how many clauses it has. */
const counts = ({ clauses }: CompiledRunbook): Record<string, number> => {
  const counted: Record<string, number> = {};
  for (const { id } of clauses) {
    const section = id.split(".")[0]!;
    counted[section] = (counted[section] ?? 0) + 1;
  }
  return counted;
};

const said = ({ clauses }: CompiledRunbook, section: string): string[] =>
  clauses.filter(({ id }) => id.startsWith(`${section}.`)).map(({ says }) => says);

const unowned = (clause: Clause): boolean =>
  ["person", "nothing"].includes(clause.enforced.by) && clause.byHand === undefined;

test("VibeLog's deployment document: every block of policy", () => {
  const runbook = compile("vibelog", vibelog);
  expect(counts(runbook)).toEqual({
    ...{ environments: 12, envSchema: 15, featureFlags: 12, migrationProcess: 9, pipeline: 5 },
    ...{ smokeTests: 4, healthChecks: 6, rollbackTriggers: 6, rollbackProcess: 6, scalingThresholds: 6 },
    ...{ backupStrategy: 27, recoveryObjectives: 6, retention: 2, maintenance: 1, failoverProcedures: 10 },
    ...{ disasterScenarios: 12, businessContinuity: 6, incidentSeverity: 6, communicationPlan: 9 },
    ...{ optimizationStrategy: 9, checklists: 20 },
  });
  expect(said(runbook, "rollbackTriggers").slice(0, 2)).toEqual([
    "immediate rollback when error_rate > 5 % over 5 min",
    "staged rollback when response_time_p95 > 5 s over 10 min",
  ]);
  expect(runbook.clauses.find(({ id }) => id === "scalingThresholds.vercel_functions.trigger")).toMatchObject(
    {
      says: "increase function memory, 1gb max when response_time_p95 > 3 s over 1 min",
      watch: { action: "scale", scale: { resource: "memory", most: 1_024 } },
    },
  );
  expect(said(runbook, "failoverProcedures.automatic.triggers")).toEqual([
    "the standby takes over, if the database does not answer, when 3 failed health checks in a row",
    "the standby takes over, if the database does not answer, when response_time_p95 > 30 s over 1 min",
    "the standby takes over, if the database does not answer, when error_rate > 10 % over 1 min",
  ]);
  expect(runbook.plan.database).toMatchObject({
    pointInTimeMs: 7 * 86_400_000,
    ...{ verifyEveryDays: 7, rpoMs: 900_000, rtoMs: 4 * 3_600_000 },
    upkeep: [{ name: "weekly", calendar: { cron: "0 3 * * 0", timezone: "UTC" } }],
  });
  expect(runbook.plan.database.backups.slice(0, 2)).toEqual([
    { calendar: { cron: "0 2 * * *", timezone: "UTC" }, keepMs: 30 * 86_400_000 },
    { calendar: { cron: "0 1 * * 0", timezone: "UTC" }, keepMs: 84 * 86_400_000 },
  ]);
  expect(runbook.plan.migrations.production).toMatchObject({
    reviewers: 1,
    backupFirst: true,
    rollbackApprovers: 2,
  });
  expect(runbook.clauses.filter(unowned)).toEqual([]);
});

test("AutoLynx' architecture document: every block of policy", () => {
  const runbook = compile("autolynx-architecture", autolynxArchitecture);
  expect(counts(runbook)).toEqual({
    ...{ environments: 8, envSchema: 11, secrets: 4, featureFlags: 5, limits: 4, pipeline: 2, smokeTests: 1 },
    ...{ healthChecks: 4, rollbackTriggers: 2, migrationProcess: 3, performanceBudgets: 1 },
    ...{ scalingThresholds: 6, backupStrategy: 5 },
  });
  expect(said(runbook, "scalingThresholds")).toEqual([
    "warning when app.concurrentCalls >= 6 over 1 min",
    "critical when app.concurrentCalls >= 8 over 1 min",
    "warning when database_connections >= 80 % over 1 min",
    "critical when database_connections >= 95 % over 1 min",
    "warning when response_time >= 2 s over 1 min",
    "critical when response_time >= 5 s over 1 min",
  ]);
  expect(runbook.clauses.filter(unowned)).toEqual([]);
});

test("AutoLynx' product document: every block of policy", () => {
  const runbook = compile("autolynx-prd", autolynxPrd);
  expect(counts(runbook)).toEqual({
    ...{ environments: 9, envSchema: 9, secrets: 2, schedules: 1, healthChecks: 1, performanceTargets: 2 },
    ...{ limits: 1, spendLimits: 2, rateLimits: 1, migrationProcess: 1, backupStrategy: 6, restoreTests: 1 },
    ...{ retention: 1, disasterScenarios: 3, businessContinuity: 2 },
  });
  expect(said(runbook, "spendLimits")).toEqual([
    "overspent when spend > $100 over 30 d",
    "overspent when spend > $150 over 30 d",
  ]);
  expect(runbook.plan.schedules).toEqual({ "/api/scheduler/tick": "*/1 * * * *" });
  expect(runbook.clauses.filter(unowned)).toEqual([]);
});

test("ClassChat's document: every block of policy", () => {
  const runbook = compile("classchat", classchat);
  expect(counts(runbook)).toEqual({
    ...{ environments: 4, envSchema: 3, featureFlags: 2, performanceBudgets: 1, deploymentPhases: 4 },
    ...{ migrationProcess: 1, healthChecks: 2, rollbackTriggers: 3, rollbackPlan: 8 },
    ...{ performanceTargets: 5, rateLimits: 1 },
  });
  expect(said(runbook, "performanceTargets")).toEqual([
    "missed when response_time_p95 >= 2 s over 5 min",
    "missed when error_rate >= 1 % over 5 min",
    "missed when memory >= 512 MiB over 5 min",
    "missed when cpu >= 70 % over 5 min",
    "missed when app.citations_per_response > 5 over 5 min",
  ]);
  expect(said(runbook, "rateLimits")).toEqual(["too fast when tokens > 144000 over 1 min"]);
  const ingestion = runbook.clauses.find(({ id }) => id === "rollbackTriggers.ingestion");
  expect(ingestion?.watch).toMatchObject({ action: "set_flag", flag: { name: "ENABLE_OCR", value: false } });
  expect(runbook.clauses.filter(unowned)).toEqual([]);
});

test("the reminders service's document: every block of policy", () => {
  const runbook = compile("reminders", reminders);
  expect(counts(runbook)).toEqual({
    ...{
      environments: 3,
      envSchema: 4,
      schedules: 1,
      migrationProcess: 1,
      rollbackTriggers: 1,
      checklists: 2,
    },
  });
  expect(runbook.plan.schedules).toEqual({ "/api/cron/daily-reminders": "0 9 * * *" });
  expect(runbook.plan.migrations.production?.additiveOnly).toBe(true);
  expect(runbook.clauses.filter(unowned)).toEqual([]);
});

test.each(["autolynx", "reminders"])("the runbook of apps/%s holds with what is enforced now", (name) => {
  const path = join(import.meta.dir, "../../apps", name, "runbook.ts");
  const { default: value } = require(path) as { default: unknown };
  const runbook = readRunbook({
    file: "runbook.ts",
    text: readFileSync(path, "utf8"),
    value: JSON.parse(JSON.stringify(value)),
  });
  expect(runbook.clauses.filter(unowned).map(({ id }) => id)).toEqual([]);
});
