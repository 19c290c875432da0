import type { AppName, DeploymentId } from "@evenkeel/model";
import { missedPolicies, mostRetries, overlapPolicies, type SchedulePolicy } from "@evenkeel/schedules";
import { z } from "zod";
import { appParams, page } from "./parameters.ts";
import { json } from "./route.ts";

/** - `waiting`: its turn, or the time of its next attempt, is still to come. */
export type ScheduleRunState = "waiting" | "running" | "succeeded" | "failed" | "skipped";

/**
 * Why a run did not succeed.
 *
 * - skipped: `overlap` (the one before was still running), `missed` (it was due while nothing could be called), `queue_full`,
 *   `not_released` (the schedule was gone when its turn came).
 * - failed: `status` (an answer other than 2xx), `redirected` (3xx, which is not followed), `timed_out`, `connection_lost`, `no_edge`,
 *   `secret_unreadable`.
 */
export type ScheduleRunReason =
  | "overlap"
  | "missed"
  | "queue_full"
  | "not_released"
  | "status"
  | "redirected"
  | "timed_out"
  | "connection_lost"
  | "no_edge"
  | "secret_unreadable";

export interface ScheduleRun {
  /** The execution id that the app sees, the same with each call of the run. */
  id: string;
  state: ScheduleRunState;
  scheduledAtMs: number;
  /** Absent: by the clock. */
  askedBy?: string;
  reason?: ScheduleRunReason;
  /** How often it was called: more than once after failures, and after a crash of the scheduler. */
  calls: number;
  startedAtMs?: number;
  endedAtMs?: number;
  /** Of the last call. */
  durationMs?: number;
  httpStatus?: number;
  /** Of the last call; `evenkeel logs DEPLOYMENT` shows what it printed. */
  deployment?: DeploymentId;
  /** The edge's, `x-vercel-id`. */
  requestId?: string;
  /** While it waits after a failure. */
  nextCallAtMs?: number;
}

export interface Schedule extends SchedulePolicy {
  app: AppName;
  name: string;
  /** `absent`: the current production release does not declare it; history and settings are kept. */
  state: "active" | "paused" | "absent";
  pausedBy?: string;
  /** The following are absent with the schedule itself. */
  cron?: string;
  timezone?: string;
  path?: string;
  method?: string;
  deployment?: DeploymentId;
  nextAtMs?: number;
  lastRun?: ScheduleRun;
}

const scheduleParams = z.object({ ...appParams.shape, schedule: z.string().min(1).max(800) });

export const scheduleRoutes = {
  listSchedules: json<{ schedules: Schedule[] }>()({
    method: "GET",
    path: "/api/apps/:app/schedules",
    permission: "read",
    params: appParams,
  }),
  /** Kept across deployments; `null` sets a part back to the usual. */
  setSchedule: json<Schedule>()({
    method: "PATCH",
    path: "/api/apps/:app/schedules/:schedule",
    permission: "configure",
    params: scheduleParams,
    body: z.strictObject({
      overlap: z.enum(overlapPolicies).nullable().optional(),
      missed: z.enum(missedPolicies).nullable().optional(),
      retries: z.number().int().min(0).max(mostRetries).nullable().optional(),
      /** A call takes at most this long, if its function may take longer. */
      limitMs: z.number().int().min(1_000).max(86_400_000).nullable().optional(),
    }),
  }),
  /** Its times pass without a trace until it is resumed. */
  pauseSchedule: json<Schedule>()({
    method: "POST",
    path: "/api/apps/:app/schedules/:schedule/pause",
    permission: "configure",
    params: scheduleParams,
  }),
  resumeSchedule: json<Schedule>()({
    method: "POST",
    path: "/api/apps/:app/schedules/:schedule/resume",
    permission: "configure",
    params: scheduleParams,
  }),
  /** Newest first; `before` continues after the last one's `scheduledAtMs`. */
  listScheduleRuns: json<{ runs: ScheduleRun[] }>()({
    method: "GET",
    path: "/api/apps/:app/schedules/:schedule/runs",
    permission: "read",
    params: scheduleParams,
    query: z.object({ ...page, before: z.coerce.number().int().optional() }),
  }),
  /** Now, also while it is paused. */
  runSchedule: json<ScheduleRun>()({
    method: "POST",
    path: "/api/apps/:app/schedules/:schedule/runs",
    permission: "deploy",
    params: scheduleParams,
  }),
  getScheduleRun: json<ScheduleRun>()({
    method: "GET",
    path: "/api/apps/:app/schedules/:schedule/runs/:run",
    permission: "read",
    params: z.object({ ...scheduleParams.shape, run: z.string().max(100) }),
  }),
};
