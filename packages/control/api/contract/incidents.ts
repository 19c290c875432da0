import type { AppName, EnvironmentName } from "@evenkeel/model";
import { z } from "zod";
import { appName, appParams, deployableEnvironment, page } from "./parameters.ts";
import { json } from "./route.ts";

/** - `person`: an account; `token`: a program, or a person by a token; `platform`: a part of Evenkeel. */
export interface IncidentActor {
  kind: "person" | "token" | "platform";
  id: string;
  name: string;
}

export type IncidentState = "open" | "acknowledged" | "resolved";
export const incidentPhases = ["investigating", "identified", "monitoring", "resolved"] as const;
export type IncidentPhase = (typeof incidentPhases)[number];

export interface Incident {
  id: number;
  /** Absent: the platform's own. */
  app?: AppName;
  environment?: EnvironmentName;
  /** A class of the runbook, `P0`. */
  severity: string;
  /** 0 is the gravest. */
  rank: number;
  title: string;
  isDrill: boolean;
  /** On the status page. */
  isPublic: boolean;
  state: IncidentState;
  phase: IncidentPhase;
  /** Grows with each change; actions name the one that was seen. */
  revision: number;
  /** When the trouble began, and when that was noticed. */
  beganAtMs: number;
  openedAtMs: number;
  acknowledgedAtMs?: number;
  acknowledgedBy?: IncidentActor;
  /** Since when none of its causes holds. */
  recoveredAtMs?: number;
  resolvedAtMs?: number;
  resolvedBy?: IncidentActor;
  /** How often it came back. */
  flaps: number;
  /** What was released shortly before it began. */
  suspect?: { deployment: string; release: number; releasedAtMs?: number };
  components: string[];
  followUps: string[];
}

export interface IncidentCause {
  key: string;
  source: string;
  component: string;
  title: string;
  evidence: Record<string, unknown>;
  reports: number;
  beganAtMs: number;
  reportedAtMs: number;
  recoveredAtMs?: number;
}

export interface IncidentEvent {
  id: number;
  atMs: number;
  kind: string;
  actor: IncidentActor;
  message: string;
  isPublic: boolean;
  detail?: Record<string, unknown>;
}

export interface IncidentInFull extends Incident {
  causes: IncidentCause[];
  timeline: IncidentEvent[];
}

const incidentParams = z.object({ incident: z.coerce.number().int().positive() });
const filter = {
  ...page,
  before: z.coerce.number().int().optional(),
  /** `unresolved`: open or acknowledged. */
  state: z.enum(["all", "unresolved", "resolved"]).default("all"),
};
/** As it was seen; somebody else's change since then is answered with `incident_moved`. Absent: whatever it is. */
const seenRevision = z.number().int().positive().optional();
const words = z.string().trim().min(1).max(4_000);
const component = z.string().regex(/^[a-z0-9][a-z0-9_.:-]{0,59}$/i);

export const newIncident = z.strictObject({
  environment: deployableEnvironment.default("production"),
  severity: z.string().trim().min(1).max(41),
  title: z.string().trim().min(1).max(200),
  components: z.array(component).min(1).max(20).default(["web"]),
  message: words.optional(),
  isPublic: z.boolean().default(true),
});
export type NewIncident = z.output<typeof newIncident>;

export const incidentRoutes = {
  /** Of all apps that the caller may see; the platform's own for callers of all apps. */
  listIncidents: json<{ incidents: Incident[] }>()({
    method: "GET",
    path: "/api/incidents",
    permission: "read",
    query: z.object({ ...filter, app: appName.optional() }),
  }),
  getIncident: json<IncidentInFull>()({
    method: "GET",
    path: "/api/incidents/:incident",
    permission: "read",
    params: incidentParams,
  }),
  openIncident: json<Incident>()({
    method: "POST",
    path: "/api/apps/:app/incidents",
    permission: "release",
    params: appParams,
    body: newIncident,
  }),
  /** Somebody sees to it: nobody else is called. */
  acknowledgeIncident: json<Incident>()({
    method: "POST",
    path: "/api/incidents/:incident/acknowledge",
    permission: "release",
    params: incidentParams,
    body: z.strictObject({ seenRevision, message: words.optional() }),
  }),
  /** Adds to the timeline; what is public stands on the status page and is told to those who follow it. */
  updateIncident: json<Incident>()({
    method: "POST",
    path: "/api/incidents/:incident/updates",
    permission: "release",
    params: incidentParams,
    body: z.strictObject({
      seenRevision,
      message: words.optional(),
      phase: z.enum(["investigating", "identified", "monitoring"]).optional(),
      severity: z.string().trim().min(1).max(41).optional(),
      title: z.string().trim().min(1).max(200).optional(),
      isPublic: z.boolean().default(true),
      /** Whether the incident itself stands on the status page. */
      onStatusPage: z.boolean().optional(),
      /** What is to be done so that it does not come back; added to those that there are. */
      followUp: z.string().trim().min(1).max(500).optional(),
    }),
  }),
  resolveIncident: json<Incident>()({
    method: "POST",
    path: "/api/incidents/:incident/resolve",
    permission: "release",
    params: incidentParams,
    body: z.strictObject({ seenRevision, message: words.optional() }),
  }),
  /** The post-incident report as Markdown. */
  reportIncident: json<{ markdown: string }>()({
    method: "GET",
    path: "/api/incidents/:incident/report",
    permission: "read",
    params: incidentParams,
  }),
};
