import type { AppName, DeploymentId, RolloutStep } from "@evenkeel/model";
import { z } from "zod";
import type { DeployableEnvironment } from "./parameters.ts";
import { appParams, reason } from "./parameters.ts";
import type { Confirmation, Release } from "./releases.ts";
import { json } from "./route.ts";

/** Of one side of a canary, in what was measured of the step (of the canary) or since the beginning (of what answered before). */
export interface SideMeasured {
  requests: number;
  /** Share of answers 5xx; absent without requests. */
  errorRate?: number;
  p95Ms?: number;
}

export interface Comparison {
  /** `unknown`: too few requests to tell; that is not health. */
  verdict: "healthy" | "worse" | "unknown";
  /** Completes "it is …": `fails more often: 12 % of 410 requests, 0.2 % before`. */
  why: string;
  current: SideMeasured;
  canary: SideMeasured;
}

export interface StagedStep extends RolloutStep {
  state: "waiting" | "running" | "done";
  elapsedMs: number;
  startedAtMs?: number;
  endedAtMs?: number;
  comparison?: Comparison;
}

export interface StagedRelease {
  id: number;
  app: AppName;
  environment: DeployableEnvironment;
  /** The alias whose visitors are shared. */
  host: string;
  /** What is brought. */
  deployment: DeploymentId;
  /** What answered when it began, and all of it after an abort. */
  baseline: DeploymentId;
  kind: Release["kind"];
  state: "running" | "held" | "done" | "aborted";
  /** Of what a running one waits: its time, more requests to compare, a person. */
  waitsFor?: "time" | "requests" | "person";
  /** Position of the step under way, from 1. */
  step: number;
  steps: StagedStep[];
  /** Of the step under way. */
  comparison?: Comparison;
  reason?: string;
  createdAtMs: number;
  createdBy: string;
  endedAtMs?: number;
  endedBy?: string;
  endedReason?: string;
}

/** Begun; it goes on by itself, and `getCanary` tells the rest. */
export interface Staged {
  outcome: "staged";
  canary: StagedRelease;
}

/** What an action came to; of one that ended it, what was seen afterwards. */
export interface CanaryMoved {
  canary: StagedRelease;
  edges: Confirmation["edges"];
}

/** Previews have none: each is a trial as it is. */
export const canaryEnvironment = z.enum(["production", "staging"]);
const params = z.object({ ...appParams.shape, environment: canaryEnvironment });
const path = "/api/apps/:app/environments/:environment/canary";

/** Position of the step that the caller has seen: two who act at once do not go two steps. */
const seenStep = z.number().int().min(1).optional();

export const stagedReleaseRoutes = {
  /** The one under way, or the last one; `null` where there was none. */
  getCanary: json<{ canary: StagedRelease | null }>()({ method: "GET", path, permission: "read", params }),
  /** Goes to the next step, or with `all` to the release, whatever the comparison says. */
  promoteCanary: json<CanaryMoved>()({
    method: "POST",
    path: `${path}/promote`,
    permission: "release",
    params,
    body: z.strictObject({ all: z.boolean().default(true), seenStep }),
  }),
  /** Brings all visitors back in one switch. */
  abortCanary: json<CanaryMoved>()({
    method: "POST",
    path: `${path}/abort`,
    permission: "release",
    params,
    body: z.strictObject({ reason, seenStep }),
  }),
  /** Stays at its step until `resumeCanary`; still aborted where it fails. */
  holdCanary: json<CanaryMoved>()({
    method: "POST",
    path: `${path}/hold`,
    permission: "release",
    params,
    body: z.strictObject({ reason }),
  }),
  resumeCanary: json<CanaryMoved>()({
    method: "POST",
    path: `${path}/resume`,
    permission: "release",
    params,
  }),
};
