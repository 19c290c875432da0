import type { DeploymentId, EnvironmentName } from "@evenkeel/model";
import type { Budget, CostReport, IntakeReport, Price } from "@evenkeel/model/link/telemetry-protocol";
import type { AnalyticsReport, VitalsRow } from "@evenkeel/telemetry/analytics/analytics-store";
import type { AssembledTrace } from "@evenkeel/telemetry/traces/assemble-trace";
import type { TraceSummary } from "@evenkeel/telemetry/traces/trace-store";
import { z } from "zod";
import { appParams, deployableEnvironment, flag } from "./parameters.ts";
import { json } from "./route.ts";

export type {
  AnalyticsReport,
  AssembledTrace,
  Budget,
  CostReport,
  IntakeReport,
  Price,
  TraceSummary,
  VitalsRow,
};

export interface Trace extends AssembledTrace {
  app: string;
  environment: EnvironmentName;
  deployment: DeploymentId | null;
}

const telemetryParams = z.object({ ...appParams.shape, environment: deployableEnvironment });
/** Epoch milliseconds; by default the last 24 hours. */
const window = {
  fromMs: z.coerce.number().int().min(0).optional(),
  toMs: z.coerce.number().int().min(0).optional(),
};

/** `""`: all of them together. */
const provider = z.string().max(100).default("");
const budgetParams = z.object({
  ...telemetryParams.shape,
  kind: z.enum(["day", "month", "tokens_per_minute"]),
});

export const telemetryRoutes = {
  /** Newest first; the slowest first where `minDurationMs` is given. */
  listTraces: json<{ traces: TraceSummary[] }>()({
    method: "GET",
    path: "/api/apps/:app/traces/:environment",
    permission: "read",
    params: telemetryParams,
    query: z.object({
      sinceMs: z.coerce.number().int().min(0).default(0),
      minDurationMs: z.coerce.number().min(0).optional(),
      errors: flag,
      limit: z.coerce.number().int().min(1).max(500).default(50),
    }),
  }),
  /** By the id of the trace, or of the request (`x-vercel-id`). */
  getTrace: json<Trace>()({
    method: "GET",
    path: "/api/traces/:trace",
    permission: "read",
    params: z.object({ trace: z.string().min(1).max(200) }),
  }),
  getAnalytics: json<AnalyticsReport>()({
    method: "GET",
    path: "/api/apps/:app/analytics/:environment",
    permission: "read",
    params: telemetryParams,
    query: z.object({ ...window, limit: z.coerce.number().int().min(1).max(500).default(10) }),
  }),
  /** At p75, by route. */
  getVitals: json<{ vitals: VitalsRow[] }>()({
    method: "GET",
    path: "/api/apps/:app/vitals/:environment",
    permission: "read",
    params: telemetryParams,
    query: z.object({ ...window, device: z.enum(["desktop", "mobile", "tablet", "other"]).optional() }),
  }),
  /** What the app's metrics say it used of providers, what that cost, and its budgets with their alerts. */
  getCost: json<CostReport>()({
    method: "GET",
    path: "/api/apps/:app/cost/:environment",
    permission: "read",
    params: telemetryParams,
    query: z.object(window),
  }),
  setBudget: json<CostReport>()({
    method: "PUT",
    path: "/api/apps/:app/budgets/:environment/:kind",
    permission: "configure",
    params: budgetParams,
    body: z.strictObject({
      provider,
      most: z.number().positive(),
      alertShare: z.number().min(0).max(1).default(0.8),
    }),
  }),
  removeBudget: json<{ removed: boolean }>()({
    method: "DELETE",
    path: "/api/apps/:app/budgets/:environment/:kind",
    permission: "configure",
    params: budgetParams,
    query: z.object({ provider }),
  }),
  listPrices: json<{ prices: Price[] }>()({ method: "GET", path: "/api/prices", permission: "admin" }),
  /** Counts from now on: what was used before keeps its price. */
  setPrice: json<{ prices: Price[] }>()({
    method: "PUT",
    path: "/api/prices",
    permission: "admin",
    body: z.strictObject({
      ...{
        provider: z.string().min(1).max(100),
        item: z.string().min(1).max(100),
        unit: z.string().min(1).max(100),
      },
      ...{ usd: z.number().min(0), per: z.number().positive() },
    }),
  }),
  /** What came of the OpenTelemetry that the app sends. */
  getIntake: json<IntakeReport>()({
    method: "GET",
    path: "/api/apps/:app/telemetry/:environment",
    permission: "read",
    params: telemetryParams,
  }),
};
