import type { FlagDefinition, FlagOverride, FlagSet } from "@evenkeel/flags";
import { z } from "zod";
import { appParams, deployableEnvironment, page } from "./parameters.ts";
import { json } from "./route.ts";

export interface Flag extends FlagDefinition {
  key: string;
  /** What was changed at run time. */
  override?: FlagOverride;
}

/** `declare`: a release or a push brought another set; `override`: one flag was changed at run time; `rollback`: an earlier version came back. */
/** `mode`: degraded mode, maintenance or a banner was turned on or off. */
export type FlagAction = "declare" | "override" | "rollback" | "mode";

export interface FlagVersion {
  version: number;
  action: FlagAction;
  detail: Record<string, unknown>;
  createdAtMs: number;
  createdBy: string;
}

export interface FlagsChanged {
  version: number;
  /** Names of edges that evaluate by it already. */
  acknowledged: string[];
  unconfirmed: string[];
}

const flagsParams = z.object({ ...appParams.shape, environment: deployableEnvironment });
const flagParams = z.object({ ...flagsParams.shape, flag: z.string().min(1).max(128) });

export const flagRoutes = {
  listFlags: json<{ version: number; flags: Flag[]; declared: FlagSet }>()({
    method: "GET",
    path: "/api/apps/:app/flags/:environment",
    permission: "read",
    params: flagsParams,
  }),
  /** Declares another set. It counts until a release declares one. */
  pushFlags: json<FlagsChanged>()({
    method: "PUT",
    path: "/api/apps/:app/flags/:environment",
    permission: "configure",
    params: flagsParams,
    body: z.strictObject({ set: z.record(z.string(), z.unknown()) }),
  }),
  /** Everybody gets this variant, or the default in the code, until it is reset. */
  overrideFlag: json<FlagsChanged>()({
    method: "PUT",
    path: "/api/apps/:app/flags/:environment/overrides/:flag",
    permission: "release",
    params: flagParams,
    body: z.union([
      z.strictObject({ variant: z.string().min(1).max(128) }),
      z.strictObject({ disabled: z.literal(true) }),
    ]),
  }),
  resetFlag: json<FlagsChanged>()({
    method: "DELETE",
    path: "/api/apps/:app/flags/:environment/overrides/:flag",
    permission: "release",
    params: flagParams,
  }),
  /** Newest first. */
  flagHistory: json<{ versions: FlagVersion[] }>()({
    method: "GET",
    path: "/api/apps/:app/flags/:environment/history",
    permission: "read",
    params: flagsParams,
    query: z.object({ ...page, before: z.coerce.number().int().optional() }),
  }),
  /** Brings declaration and overrides of an earlier version back, as a new version. */
  rollbackFlags: json<FlagsChanged>()({
    method: "POST",
    path: "/api/apps/:app/flags/:environment/rollback",
    permission: "release",
    params: flagsParams,
    body: z.strictObject({ version: z.number().int().positive() }),
  }),
};
