import type { AppName, DeploymentId } from "@evenkeel/model";
import { z } from "zod";
import type { Deployment } from "./deployments.ts";
import type { DeployableEnvironment } from "./parameters.ts";
import {
  appParams,
  deployableEnvironment,
  deploymentId,
  deploymentParams,
  page,
  reason,
  rolloutSteps,
} from "./parameters.ts";
import { json } from "./route.ts";
import { canaryEnvironment, type Staged, type StagedRelease } from "./staged-releases.ts";

export interface Release {
  app: AppName;
  environment: DeployableEnvironment;
  /** 1, 2, ... per app environment; shown as `v1`. */
  version: number;
  deployment: DeploymentId;
  /** The alias that it moved. */
  host: string;
  kind: "deploy" | "promote" | "rollback";
  createdAtMs: number;
  createdBy: string;
  reason?: string;
  /** Its alias points to its deployment by this release. */
  current: boolean;
}

/** What was seen of a release at the edges. */
export interface Confirmation {
  /** The deployment answered at the alias, through an edge. */
  answered: boolean;
  status?: number;
  /** Names of connected edges that acknowledged, and of those that did not within the limit. */
  edges: { acknowledged: string[]; unconfirmed: string[] };
  /** From the command's arrival to the confirmed first answer. */
  tookMs: number;
}

export interface Released {
  outcome: "released";
  release: Release;
  /** At which it answers now. */
  urls: string[];
  confirmation: Confirmation;
}

/**
 * A deployment of another environment is never aliased as it is: its build carries that environment's variables. It is
 * deployed anew from the same source, as at Vercel; `followDeployment` tells the rest.
 */
export interface Rebuilding {
  outcome: "rebuilding";
  deployment: Deployment;
}

/** Releases a deployment that does not know the schema of the database as it is; needs a reason. */
const ignoreSchema = z.boolean().optional();
/** Releases a deployment that was condemned. */
const evenCondemned = z.boolean().optional();

export const releaseRoutes = {
  listReleases: json<{ releases: Release[]; canary?: StagedRelease }>()({
    method: "GET",
    path: "/api/apps/:app/releases",
    permission: "read",
    params: appParams,
    query: z.object({
      ...page,
      environment: deployableEnvironment.default("production"),
      /** Continues below this version. */
      before: z.coerce.number().int().optional(),
    }),
  }),
  promote: json<Released | Rebuilding>()({
    method: "POST",
    path: "/api/deployments/:deployment/promote",
    permission: "release",
    params: deploymentParams,
    body: z.strictObject({
      environment: z.enum(["production", "staging"]).default("production"),
      reason,
      ignoreSchema,
      evenCondemned,
    }),
  }),
  /** As `promote`, to more and more of the visitors. */
  stagePromotion: json<Staged | Rebuilding>()({
    method: "POST",
    path: "/api/deployments/:deployment/promote/staged",
    permission: "release",
    params: deploymentParams,
    body: z.strictObject({
      environment: canaryEnvironment.default("production"),
      steps: rolloutSteps.refine(({ length }) => length > 0, "It has no steps"),
      reason,
      ignoreSchema,
      evenCondemned,
    }),
  }),
  /** Without `version` and `deployment`: to what was released before. Code and configuration come back together. */
  rollback: json<Released>()({
    method: "POST",
    path: "/api/apps/:app/rollback",
    permission: "release",
    params: appParams,
    body: z.strictObject({
      environment: deployableEnvironment.default("production"),
      /** Of a preview. */
      branch: z.string().max(250).optional(),
      version: z.number().int().min(1).optional(),
      deployment: deploymentId.optional(),
      reason,
      ignoreSchema,
    }),
  }),
  /** As `rollback`, with more and more of the visitors. */
  stageRollback: json<Staged>()({
    method: "POST",
    path: "/api/apps/:app/rollback/staged",
    permission: "release",
    params: appParams,
    body: z.strictObject({
      environment: canaryEnvironment.default("production"),
      version: z.number().int().min(1).optional(),
      deployment: deploymentId.optional(),
      steps: rolloutSteps.refine(({ length }) => length > 0, "It has no steps"),
      reason,
      ignoreSchema,
    }),
  }),
};
