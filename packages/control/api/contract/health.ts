import type { DeploymentId } from "@evenkeel/model";
import { z } from "zod";
import { appParams } from "./parameters.ts";
import { json } from "./route.ts";
import { canaryEnvironment } from "./staged-releases.ts";

export interface HealthCheck {
  name: string;
  path: string;
  /** Which it asks, at its own host name. */
  deployment: DeploymentId;
  /** It has a share of the visitors. */
  isCanary: boolean;
  intervalMs: number;
  /** `doubtful`: it fails, not yet as often in a row as makes a failure; `unknown`: it has not been asked yet. */
  state: "passing" | "doubtful" | "failing" | "unknown";
  /** In a row, until now; and how many are none yet. */
  failures: number;
  tolerated: number;
  /** Since when it passes, or does not. */
  sinceMs: number;
  checkedAtMs?: number;
  latencyMs?: number;
  /** Completes "GET /path …". */
  fault?: string;
  /** Of `results`. */
  p95Ms?: number;
  /** The last ones, oldest first; all others are the signals `health_check` and `health_check_latency`. */
  results: { atMs: number; latencyMs: number; fault?: string }[];
}

export const healthRoutes = {
  getAppHealth: json<{ checks: HealthCheck[] }>()({
    method: "GET",
    path: "/api/apps/:app/environments/:environment/health",
    permission: "read",
    params: z.object({ ...appParams.shape, environment: canaryEnvironment }),
  }),
};
