import type { HealthCheck } from "./health.ts";
import { json } from "./route.ts";

/** How the production of one app is at this moment. What is not known is absent. */
export interface AppCondition {
  app: string;
  /** Of the last ten minutes, as the two that follow. */
  requestsPerSecond?: number;
  /** Share of answers 5xx. */
  errorRate?: number;
  p95Ms?: number;
  /** The worst of its health checks; absent: it has none. */
  health?: HealthCheck["state"];
  /** Open ones, and the class of the gravest. */
  incidents: number;
  severity?: string;
  /** Clauses of the runbook in force, those that something enforces, and those that are broken now. */
  runbook?: { clauses: number; enforced: number; breached: number };
}

export const overviewRoutes = {
  /** Of all apps that the caller may see. */
  listConditions: json<{ conditions: AppCondition[] }>()({
    method: "GET",
    path: "/api/overview",
    permission: "read",
  }),
};
