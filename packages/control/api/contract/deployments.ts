import type { BuildLogLine } from "@evenkeel/build";
import type { AppName, DeploymentId, ErrorJson, OutputId } from "@evenkeel/model";
import { z } from "zod";
import type { DeployableEnvironment } from "./parameters.ts";
import {
  appParams,
  branchName,
  deployableEnvironment,
  deploymentId,
  deploymentParams,
  flag,
  page,
  rolloutSteps,
} from "./parameters.ts";
import type { Condemned } from "./release-rules.ts";
import { json, stream, upload } from "./route.ts";

/** In order of time; the last five are final. */
export type DeploymentState =
  | "queued"
  | "building"
  | "deploying"
  | "ready"
  | "failed"
  | "cancelled"
  /** A newer deployment of the same app environment (and branch) was accepted before this one went live. */
  | "superseded"
  | "removed";

export const stepNames = [
  "source",
  "build",
  "gates",
  "import",
  "check",
  "approve",
  "migrate",
  "prepare",
  "smoke",
  "tests",
  "canary",
  "switch",
  "confirm",
] as const;
export type StepName = (typeof stepNames)[number];

export interface Step {
  name: StepName;
  state: "waiting" | "running" | "done" | "failed" | "skipped";
  startedAtMs?: number;
  endedAtMs?: number;
  error?: ErrorJson;
}

/** A command that has to pass before a release. */
export interface Gate {
  name: string;
  /** Before the output is stored, or once the deployment answers at its own URL. */
  stage: "build" | "url";
  state: "running" | "passed" | "failed";
  startedAtMs: number;
  endedAtMs?: number;
  error?: ErrorJson;
}

/** Where the source came from; becomes `VERCEL_GIT_*`. */
export const gitInfo = z.strictObject({
  provider: z.string().max(50).optional(),
  repoOwner: z.string().max(200).optional(),
  repoSlug: z.string().max(200).optional(),
  ref: z.string().max(500).optional(),
  sha: z
    .string()
    .regex(/^[0-9a-f]{40,64}$/)
    .optional(),
  previousSha: z
    .string()
    .regex(/^[0-9a-f]{40,64}$/)
    .optional(),
  message: z.string().max(10_000).optional(),
  authorName: z.string().max(500).optional(),
  authorLogin: z.string().max(500).optional(),
  /** Uncommitted changes were part of the source. */
  dirty: z.boolean().optional(),
});
export type GitInfo = z.infer<typeof gitInfo>;

export const newDeployment = z.strictObject({
  /** sha256 of an archive that `putUpload` of the same app stored. */
  upload: z.string().regex(/^[0-9a-f]{64}$/),
  /** `prebuilt`: the archive holds `.vercel/output`; nothing is built. */
  kind: z.enum(["source", "prebuilt"]).default("source"),
  environment: deployableEnvironment.default("preview"),
  /** Of a preview: gives it the alias `<app>-git-<branch>.<domain>`. */
  branch: z.string().min(1).max(250).optional(),
  git: gitInfo.optional(),
  /** On top of the environment's variables, for this deployment alone (`--env-file`). */
  variables: z.record(z.string(), z.string()).optional(),
  reason: z.string().max(1_000).optional(),
  /** Releases it although its source is older than the database; needs a reason. */
  ignoreSchema: z.boolean().optional(),
  /** Steps in which it is released: `5% for 2 minutes, 25%, 100%`; `none`: at once. Absent: as the environment says. */
  canary: rolloutSteps.optional(),
});

export interface DeploymentSummary {
  id: DeploymentId;
  app: AppName;
  environment: DeployableEnvironment;
  state: DeploymentState;
  kind: "source" | "prebuilt";
  branch?: string;
  /** `http://<app>-<id>.<domain>:<port>`, answers from step `smoke` on. */
  url: string;
  createdAtMs: number;
  createdBy: string;
  readyAtMs?: number;
  git?: GitInfo;
  error?: ErrorJson;
}

export interface Deployment extends DeploymentSummary {
  steps: Step[];
  /** URLs at which it answers now beside its own. */
  aliases: string[];
  /** Releases that point(ed) to it, newest first. */
  releases: { environment: DeployableEnvironment; version: number; host: string; current: boolean }[];
  output?: OutputId;
  sourceHash: string;
  /** Names only. */
  variables: string[];
  /** Why it is ready and was not released. */
  withheld?: ErrorJson;
  condemned?: Condemned;
  /** Commands that had to pass, in their order; empty where none is asked for. */
  gates: Gate[];
}

/** `deployment` first, `done` last; log lines and steps from the beginning, however late one asks. */
export type ProgressEvent =
  | { type: "deployment"; deployment: Deployment }
  | { type: "step"; step: Step }
  | { type: "log"; line: BuildLogLine }
  | { type: "done"; deployment: Deployment };

export const deploymentRoutes = {
  /** Stores an archive (tar: plain, gzip or zstd). Nothing is kept unless all declared bytes came and have the declared hash. */
  putUpload: upload<{ sha256: string; sizeBytes: number }>()({
    method: "PUT",
    path: "/api/apps/:app/uploads/:sha256",
    permission: "deploy",
    params: z.object({ ...appParams.shape, sha256: z.string().regex(/^[0-9a-f]{64}$/) }),
    query: z.object({ sizeBytes: z.coerce.number().int().min(0) }),
  }),
  createDeployment: json<Deployment>()({
    method: "POST",
    path: "/api/apps/:app/deployments",
    permission: "deploy",
    params: appParams,
    body: newDeployment,
  }),
  listDeployments: json<{ deployments: DeploymentSummary[] }>()({
    method: "GET",
    path: "/api/apps/:app/deployments",
    permission: "read",
    params: appParams,
    query: z.object({
      ...page,
      environment: deployableEnvironment.optional(),
      /** Continues after this deployment. */
      before: deploymentId.optional(),
    }),
  }),
  getDeployment: json<Deployment>()({
    method: "GET",
    path: "/api/deployments/:deployment",
    permission: "read",
    params: deploymentParams,
  }),
  followDeployment: stream<ProgressEvent>()({
    method: "GET",
    path: "/api/deployments/:deployment/progress",
    permission: "read",
    params: deploymentParams,
  }),
  /** A deployment that is already final is answered as it is. */
  cancelDeployment: json<Deployment>()({
    method: "POST",
    path: "/api/deployments/:deployment/cancel",
    permission: "deploy",
    params: deploymentParams,
  }),
  /** Refused while an alias points to it. */
  removeDeployment: json<{ removed: true }>()({
    method: "DELETE",
    path: "/api/deployments/:deployment",
    permission: "configure",
    isFresh: true,
    params: deploymentParams,
  }),
  /** Takes a branch's alias away, and its database with it. Its deployments stay at their own URLs. */
  removePreview: json<{ removed: true }>()({
    method: "DELETE",
    path: "/api/apps/:app/previews/:branch",
    permission: "configure",
    isFresh: true,
    params: z.object({ ...appParams.shape, branch: branchName }),
  }),
  readBuildLog: stream<BuildLogLine>()({
    method: "GET",
    path: "/api/deployments/:deployment/logs/build",
    permission: "read",
    params: deploymentParams,
    query: z.object({ follow: flag }),
  }),
};
