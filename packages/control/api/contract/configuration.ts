import type { DeploymentId } from "@evenkeel/model";
import { z } from "zod";
import { appParams, environmentName, overlap, page, reason } from "./parameters.ts";
import { json } from "./route.ts";

export interface Domain {
  host: string;
  createdAtMs: number;
  createdBy: string;
  /** `http://<host>:<port>` */
  url: string;
}

/** Values are shown to builds and instances, and by `revealVariables`. */
export interface Variable {
  name: string;
  environment: z.infer<typeof environmentName>;
  version: number;
  /** No secret: logs show its value. */
  plain: boolean;
  /** What is released has this value; absent where nothing is released, and for previews, whose branches each have their own. */
  live?: boolean;
  updatedAtMs: number;
  updatedBy: string;
}

/**
 * - `set`: by a person.
 * - `rotate`: a new value, with the old one as `<name>_PREVIOUS` for a while; `overlap_end`: that while is over.
 * - `restore`: by a rollback or promotion.
 * - `undo`: the release that was to bring a change failed.
 */
export type VariableChangeKind = "set" | "rotate" | "overlap_end" | "restore" | "undo";

export interface VariableChangeView {
  id: number;
  environment: z.infer<typeof environmentName>;
  kind: VariableChangeKind;
  atMs: number;
  who: string;
  names: { name: string; version: number; removed: boolean }[];
  reason?: string;
  /** That brought it. */
  deployment?: DeploymentId;
  /** Number of its release; absent while it is not live. */
  release?: number;
}

/** Deployments that bring a change live, one for each environment in which something is; `followDeployment` tells how. */
export interface Configuring {
  deployments: DeploymentId[];
}

const variableName = z.string().max(256);
/** False: only deployments that are made afterwards get it. */
const release = z.boolean().default(true);

export const configurationRoutes = {
  listDomains: json<{ domains: Domain[] }>()({
    method: "GET",
    path: "/api/apps/:app/domains",
    permission: "read",
    params: appParams,
  }),
  /** Points to production from now on. */
  addDomain: json<Domain>()({
    method: "POST",
    path: "/api/apps/:app/domains",
    permission: "configure",
    params: appParams,
    body: z.strictObject({ host: z.string().max(253) }),
  }),
  removeDomain: json<{ removed: true }>()({
    method: "DELETE",
    path: "/api/apps/:app/domains/:host",
    permission: "configure",
    isFresh: true,
    params: z.object({ ...appParams.shape, host: z.string().max(253) }),
  }),
  listVariables: json<{ variables: Variable[] }>()({
    method: "GET",
    path: "/api/apps/:app/variables",
    permission: "read",
    params: appParams,
    query: z.object({ environment: environmentName.optional() }),
  }),
  /** All or none. In production and staging what is live is released anew with them. */
  setVariables: json<{ variables: Variable[] } & Configuring>()({
    method: "PUT",
    path: "/api/apps/:app/variables",
    permission: "configure",
    params: appParams,
    body: z.strictObject({
      environments: z.array(environmentName).min(1).default(["production"]),
      variables: z.record(z.string(), z.string()).default({}),
      /** Versions as the caller saw them, 0 for one that was not there; where another one is there now, nothing is changed. */
      seen: z.record(z.string(), z.number().int().min(0)).optional(),
      /** No secrets. Default: as they were; secret at first. */
      plain: z.boolean().optional(),
      remove: z.array(variableName).max(1_000).default([]),
      /** The variables come from an env file: the platform's own are left out. */
      fromFile: z.boolean().default(false),
      release,
      reason,
    }),
  }),
  removeVariable: json<{ removed: true } & Configuring>()({
    method: "DELETE",
    path: "/api/apps/:app/variables/:name",
    permission: "configure",
    isFresh: true,
    params: z.object({ ...appParams.shape, name: variableName }),
    query: z.object({ environment: environmentName.default("production") }),
  }),
  /** A new value; the old one goes on as `<name>_PREVIOUS` until the overlap ends, which is a release too. */
  rotateVariable: json<Configuring & { previousUntilMs?: number }>()({
    method: "POST",
    path: "/api/apps/:app/variables/:name/rotate",
    permission: "configure",
    params: z.object({ ...appParams.shape, name: variableName }),
    body: z.strictObject({
      environment: environmentName.default("production"),
      value: z.string(),
      /** 0: the old value ends at once. */
      overlapMs: overlap,
      reason,
    }),
  }),
  /** Ends the overlap now. */
  endOverlap: json<Configuring>()({
    method: "DELETE",
    path: "/api/apps/:app/variables/:name/overlap",
    permission: "configure",
    params: z.object({ ...appParams.shape, name: variableName }),
    query: z.object({ environment: environmentName.default("production") }),
  }),
  /** Newest first; names, never values. */
  listVariableChanges: json<{ changes: VariableChangeView[] }>()({
    method: "GET",
    path: "/api/apps/:app/variables/changes",
    permission: "read",
    params: appParams,
    query: z.object({
      ...page,
      environment: environmentName.default("production"),
      name: variableName.optional(),
      /** Continues below this change. */
      before: z.coerce.number().int().optional(),
    }),
  }),
  /** The values in clear; it is put on record who asked for which. */
  revealVariables: json<{ variables: Record<string, string> }>()({
    method: "POST",
    path: "/api/apps/:app/variables/reveal",
    permission: "reveal",
    isFresh: true,
    params: appParams,
    body: z.strictObject({
      environment: environmentName,
      /** Absent: all. */
      names: z.array(variableName).min(1).max(1_000).optional(),
    }),
  }),
};
