import { type AppName, formatDuration } from "@evenkeel/model";
import { type DrillScenario, drillScenarios, type RunbookPlan } from "@evenkeel/runbook";
import type { ContinuityReport, ContinuityRow, Drill } from "../api/contract/index.ts";
import { drillDueMs } from "./drill-due.ts";
import { drillObjectives } from "./drill-objectives.ts";

/** Of the newest that count. */
const trendOf = 5;
/** Less is noise. */
const noticeable = 1.25;

export interface ContinuityInput {
  app: AppName;
  plan: Pick<RunbookPlan, "database" | "recovery"> | undefined;
  /** When the runbook came into force. */
  sinceMs: number;
  /** Of production, newest first. */
  drills: Drill[];
  hasStandby: boolean;
  nowMs: number;
}

/** What is promised for disasters, and when that was last shown. Pure. */
export function continuityReport(input: ContinuityInput): ContinuityReport {
  const { app, plan, nowMs } = input;
  const scenarios = drillScenarios
    .filter(
      (scenario) =>
        plan?.recovery.scenarios.some(({ name }) => name === scenario) ||
        input.drills.some((drill) => drill.scenario === scenario),
    )
    .map((scenario) => row(input, scenario));
  return {
    ...{ app, atMs: nowMs, scenarios },
    objectives: { rpo: plan?.recovery.rpo ?? {}, rto: plan?.recovery.rto ?? {} },
    overdue: [...scenarios.flatMap((one) => overdueOf(app, one, nowMs)), ...missing(input)],
  };
}

function row({ plan, drills, sinceMs, nowMs }: ContinuityInput, scenario: DrillScenario): ContinuityRow {
  const wanted = plan?.recovery.scenarios.find(({ name }) => name === scenario);
  const own = drills.filter((drill) => drill.scenario === scenario);
  const last = own.find(({ state }) => state !== "running");
  const rtoTrendMs = own
    .flatMap(({ rtoMs }) => (rtoMs === undefined ? [] : [rtoMs]))
    .slice(0, trendOf)
    .reverse();
  const dueMs =
    wanted &&
    drillDueMs(
      wanted,
      own.find(({ state }) => state === "passed"),
      sinceMs,
    );
  return {
    ...{ scenario, environment: "production", rtoTrendMs, trend: trend(rtoTrendMs) },
    objectives: plan ? drillObjectives(plan, scenario) : {},
    ...(wanted ? { everyDays: wanted.everyDays } : {}),
    ...(last ? { last: pick(last) } : {}),
    ...(dueMs !== undefined && dueMs < nowMs ? { overdueSinceMs: dueMs } : {}),
  };
}

const pick = ({ id, state, startedMs, rpoMs, rtoMs }: Drill): NonNullable<ContinuityRow["last"]> => ({
  ...{ id, state, startedMs },
  ...(rpoMs === undefined ? {} : { rpoMs }),
  ...(rtoMs === undefined ? {} : { rtoMs }),
});

function trend(values: number[]): ContinuityRow["trend"] {
  if (values.length < 2) return "unknown";
  const newest = values.at(-1)!;
  const before = values.slice(0, -1).reduce((sum, value) => sum + value, 0) / (values.length - 1);
  if (newest > before * noticeable) return "worse";
  return newest * noticeable < before ? "better" : "steady";
}

function overdueOf(app: AppName, { scenario, last, overdueSinceMs }: ContinuityRow, nowMs: number): string[] {
  const found: string[] = [];
  if (last?.state === "failed")
    found.push(`The last drill of ${scenario} failed (evenkeel drill show ${app} ${last.id})`);
  if (overdueSinceMs !== undefined)
    found.push(`A drill of ${scenario} that passes is overdue for ${formatDuration(nowMs - overdueSinceMs)}`);
  return found;
}

function missing({ app, plan, hasStandby }: ContinuityInput): string[] {
  if (!plan) return [`${app} has no runbook in force: nothing is promised for disasters`];
  const wantsStandby =
    plan.recovery.scenarios.some(({ name }) => name === "region_failure") ||
    (plan.database.failover?.checks ?? 0) > 0;
  return wantsStandby && !hasStandby
    ? [`The runbook speaks of a failover, and the database has no standby (evenkeel db standby add ${app})`]
    : [];
}
