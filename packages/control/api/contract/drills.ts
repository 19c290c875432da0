import type { AppName, DrillFindings, DrillStep, EnvironmentName } from "@evenkeel/model";
import { type DrillScenario, drillScenarios } from "@evenkeel/runbook";
import { z } from "zod";
import type { DatabaseEvent } from "./databases.ts";
import type { IncidentActor } from "./incidents.ts";
import { appParams, deployableEnvironment, page } from "./parameters.ts";
import { json, stream } from "./route.ts";

export interface DrillObjectives {
  rpoMs?: number;
  rtoMs?: number;
}

/** A rehearsed disaster, and what it has shown. */
export interface Drill {
  id: string;
  app: AppName;
  environment: EnvironmentName;
  scenario: DrillScenario;
  trigger: "manual" | "scheduled";
  actor: IncidentActor;
  /** One that a crash has interrupted has failed, and so has one with a step that could not run. */
  state: "running" | "passed" | "failed";
  startedMs: number;
  /** Absent while it runs. */
  finishedMs?: number;
  /** By the runbook in force when it began. */
  objectives: DrillObjectives;
  steps: DrillStep[];
  rpoMs?: number;
  rtoMs?: number;
  failures: DrillFindings["failures"];
}

/** What is promised of one disaster, and when it was last shown. */
export interface ContinuityRow {
  scenario: DrillScenario;
  environment: EnvironmentName;
  objectives: DrillObjectives;
  everyDays?: number;
  last?: Pick<Drill, "id" | "state" | "startedMs" | "rpoMs" | "rtoMs">;
  /** Recovery times of the newest drills that measured one, oldest first. */
  rtoTrendMs: number[];
  trend: "better" | "worse" | "steady" | "unknown";
  /** Since when it should have been rehearsed. */
  overdueSinceMs?: number;
}

export interface ContinuityReport {
  app: AppName;
  atMs: number;
  /** By the runbook's own names, in milliseconds. */
  objectives: { rpo: Record<string, number>; rto: Record<string, number> };
  scenarios: ContinuityRow[];
  /** What is not as it should be, in sentences. */
  overdue: string[];
}

export const drillRoutes = {
  /** Rehearses a disaster on a copy. What it finds is the answer, not its status. */
  runDrill: stream<DatabaseEvent<{ drill: Drill }>>()({
    method: "POST",
    path: "/api/apps/:app/environments/:environment/drills",
    permission: "deploy",
    params: z.object({ ...appParams.shape, environment: deployableEnvironment }),
    body: z.strictObject({ scenario: z.enum(drillScenarios) }),
  }),
  /** Newest first. */
  listDrills: json<{ drills: Drill[] }>()({
    method: "GET",
    path: "/api/apps/:app/drills",
    permission: "read",
    params: appParams,
    query: z.object({ ...page, scenario: z.enum(drillScenarios).optional() }),
  }),
  getDrill: json<{ drill: Drill }>()({
    method: "GET",
    path: "/api/apps/:app/drills/:drill",
    permission: "read",
    params: z.object({ ...appParams.shape, drill: z.string().max(40) }),
  }),
  /** Objectives, what was measured last, the trend, what is overdue. */
  getContinuity: json<{ report: ContinuityReport }>()({
    method: "GET",
    path: "/api/apps/:app/continuity",
    permission: "read",
    params: appParams,
  }),
};
