import { z } from "zod";
import type { IncidentActor } from "./incidents.ts";
import { appParams } from "./parameters.ts";
import { json } from "./route.ts";
import { canaryEnvironment } from "./staged-releases.ts";

export interface AppMode {
  mode: "normal" | "degraded" | "maintenance";
  /** Whose flags are off. */
  features?: string[];
  message?: string;
  /** Prefixes of paths that go on during maintenance. */
  essential?: string[];
  untilMs?: number;
  enteredAtMs?: number;
  enteredBy?: IncidentActor;
}

export const newMode = z.strictObject({
  mode: z.enum(["degraded", "maintenance"]),
  /** Names of flags; absent: those of the runbook's degraded mode. */
  features: z
    .array(z.string().regex(/^[A-Za-z][\w.-]{0,99}$/))
    .max(100)
    .optional(),
  message: z.string().trim().min(1).max(500).optional(),
  essential: z
    .array(z.string().regex(/^\/[^\s?#]{0,200}$/))
    .max(50)
    .optional(),
  untilMs: z.number().int().positive().optional(),
});
export type NewMode = z.output<typeof newMode>;

export interface Maintenance {
  id: number;
  title: string;
  description: string;
  components: string[];
  startsAtMs: number;
  endsAtMs: number;
}

const modeParams = z.object({ ...appParams.shape, environment: canaryEnvironment });

export const modeRoutes = {
  getMode: json<AppMode>()({
    method: "GET",
    path: "/api/apps/:app/environments/:environment/mode",
    permission: "read",
    params: modeParams,
  }),
  /** In force when it answers. The pass of maintenance is shown once. */
  setMode: json<AppMode & { pass?: string }>()({
    method: "PUT",
    path: "/api/apps/:app/environments/:environment/mode",
    permission: "release",
    params: modeParams,
    body: newMode,
  }),
  clearMode: json<AppMode>()({
    method: "DELETE",
    path: "/api/apps/:app/environments/:environment/mode",
    permission: "release",
    params: modeParams,
  }),
  getStatusPage: json<{
    isPublic: boolean | null;
    title: string | null;
    url: string;
    maintenances: Maintenance[];
  }>()({
    method: "GET",
    path: "/api/apps/:app/status-page",
    permission: "read",
    params: appParams,
  }),
  /** `null` of `isPublic`: as the runbook has it. */
  setStatusPage: json<{ set: true }>()({
    method: "PUT",
    path: "/api/apps/:app/status-page",
    permission: "configure",
    params: appParams,
    body: z.strictObject({
      isPublic: z.boolean().nullable().optional(),
      title: z.string().trim().min(1).max(100).nullable().optional(),
    }),
  }),
  addMaintenance: json<{ id: number }>()({
    method: "POST",
    path: "/api/apps/:app/maintenances",
    permission: "release",
    params: appParams,
    body: z.strictObject({
      title: z.string().trim().min(1).max(200),
      description: z.string().trim().max(4_000).default(""),
      components: z
        .array(z.string().regex(/^[a-z0-9][a-z0-9_.:-]{0,59}$/i))
        .min(1)
        .max(20)
        .default(["web"]),
      startsAtMs: z.number().int().positive(),
      endsAtMs: z.number().int().positive(),
    }),
  }),
  cancelMaintenance: json<{ cancelled: true }>()({
    method: "DELETE",
    path: "/api/apps/:app/maintenances/:maintenance",
    permission: "release",
    params: z.object({ ...appParams.shape, maintenance: z.coerce.number().int().positive() }),
  }),
};
