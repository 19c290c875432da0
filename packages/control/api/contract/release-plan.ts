import type { EnvironmentName } from "@evenkeel/model";
import { z } from "zod";
import type { ReleasePlan } from "../../gates/release-plan.ts";
import { appParams, deployableEnvironment } from "./parameters.ts";
import { json } from "./route.ts";

const name = z.string().regex(/^[\w.:/ -]{1,100}$/);
const run = z.string().min(1).max(2_000);
const timeoutMs = z.number().int().min(100).max(3_600_000);
const expectation = {
  path: z.string().regex(/^\/[^\s#]{0,1000}$/),
  method: z.enum(["GET", "HEAD"]).default("GET"),
  status: z
    .strictObject({ least: z.number().int().min(100), most: z.number().int().max(599) })
    .default({ least: 200, most: 299 }),
  contains: z.string().min(1).max(1_000).optional(),
};

/** A part of what a runbook says (`RunbookPlan`), in plain units; sections that are absent ask for nothing. */
const releasePlan = z.strictObject({
  canary: z
    .strictObject({
      steps: z
        .array(z.strictObject({ share: z.number().gt(0).max(1), holdMs: z.number().int().min(0) }))
        .min(1)
        .max(20),
      minimumSamples: z.number().int().min(0).max(1_000_000).default(50),
    })
    .optional(),
  pipelineChecks: z.array(z.strictObject({ name, run, timeoutMs })).max(50).optional(),
  smokeTests: z
    .array(
      z.union([
        z.strictObject({ name, ...expectation, timeoutMs }),
        z.strictObject({ name, run, timeoutMs }),
      ]),
    )
    .max(100)
    .optional(),
  budgets: z
    .array(
      z.strictObject({
        of: z.enum(["bundle", "page", "function", "output"]),
        bytes: z.number().int().min(1),
        gzipped: z.boolean(),
      }),
    )
    .max(20)
    .optional(),
  healthChecks: z
    .array(
      z.strictObject({
        ...{ name, ...expectation },
        intervalMs: z.number().int().min(1_000).max(86_400_000),
        timeoutMs,
        failures: z.number().int().min(1).max(100),
      }),
    )
    .max(50)
    .optional(),
  approvals: z
    .strictObject({
      manualRollback: z.union([z.literal(0), z.literal(1), z.literal(2)]),
      productionDeploy: z.union([z.literal(0), z.literal(1), z.literal(2)]).optional(),
    })
    .optional(),
});

export interface ReleasePlanReply {
  environment: EnvironmentName;
  /** As it is set. A deployment's own runbook stands over it. */
  plan: ReleasePlan;
}

const params = z.object({ ...appParams.shape, environment: deployableEnvironment });
const path = "/api/apps/:app/environments/:environment/release-plan";

export const releasePlanRoutes = {
  getReleasePlan: json<ReleasePlanReply>()({ method: "GET", path, permission: "read", params }),
  /** In place of what was set before; in force from the next release on. */
  setReleasePlan: json<ReleasePlanReply>()({
    method: "PUT",
    path,
    permission: "configure",
    params,
    body: z.strictObject({ plan: releasePlan }),
  }),
};
