import type { EnvironmentName } from "@evenkeel/model";
import { z } from "zod";
import { appParams, deployableEnvironment, deploymentParams, reason } from "./parameters.ts";
import { json } from "./route.ts";

/** Why a deployment is never brought back. */
export interface Condemned {
  by: string;
  reason: string;
  atMs: number;
}

/** Since when and why what is pushed is built and not released. */
export interface AutoDeployPause {
  by: string;
  reason: string;
  atMs: number;
}

export interface AutoDeploy {
  environment: EnvironmentName;
  /** Absent: what is pushed is released. */
  paused?: AutoDeployPause;
}

const params = z.object({ ...appParams.shape, environment: deployableEnvironment });
const autoDeploy = "/api/apps/:app/environments/:environment/auto-deploy";
const given = z.string().trim().min(1).max(1_000);

export const releaseRuleRoutes = {
  /** Never rolled back to, and promoted only by somebody who says so; a canary of it is aborted. */
  condemnDeployment: json<{ condemned: Condemned }>()({
    method: "POST",
    path: "/api/deployments/:deployment/condemnation",
    permission: "release",
    params: deploymentParams,
    body: z.strictObject({ reason: given }),
  }),
  absolveDeployment: json<{ absolved: boolean }>()({
    method: "DELETE",
    path: "/api/deployments/:deployment/condemnation",
    permission: "release",
    params: deploymentParams,
  }),
  getAutoDeploy: json<AutoDeploy>()({ method: "GET", path: autoDeploy, permission: "read", params }),
  pauseAutoDeploy: json<AutoDeploy>()({
    method: "POST",
    path: `${autoDeploy}/pause`,
    permission: "release",
    params,
    body: z.strictObject({ reason }),
  }),
  resumeAutoDeploy: json<AutoDeploy>()({
    method: "POST",
    path: `${autoDeploy}/resume`,
    permission: "release",
    params,
  }),
};
