import type { Schedule, ScheduleRun, ScheduleRunReason } from "../api/contract/index.ts";
import { type JobRow, policyOf } from "./job-store.ts";
import type { RunRow } from "./run-store.ts";

export function scheduleView(job: JobRow, last?: RunRow): Schedule {
  const { definition } = job;
  return {
    ...{ app: job.app, name: job.name, ...policyOf(job) },
    state: definition === null ? "absent" : job.pausedAt === null ? "active" : "paused",
    ...(job.pausedBy === null ? {} : { pausedBy: job.pausedBy }),
    ...(definition && {
      ...{ cron: definition.cron, timezone: definition.timezone },
      ...{ path: definition.path, method: definition.method },
    }),
    ...(job.deployment === null ? {} : { deployment: job.deployment }),
    ...(job.nextAt === null ? {} : { nextAtMs: job.nextAt.getTime() }),
    ...(last && { lastRun: runView(last) }),
  };
}

export function runView(run: RunRow): ScheduleRun {
  return {
    ...{ id: run.id, state: run.state, scheduledAtMs: run.scheduledAt.getTime(), calls: run.calls },
    ...(run.askedBy === null ? {} : { askedBy: run.askedBy }),
    ...(run.reason === null ? {} : { reason: run.reason as ScheduleRunReason }),
    ...(run.startedAt === null ? {} : { startedAtMs: run.startedAt.getTime() }),
    ...(run.endedAt === null ? {} : { endedAtMs: run.endedAt.getTime() }),
    ...(run.durationMs === null ? {} : { durationMs: run.durationMs }),
    ...(run.httpStatus === null ? {} : { httpStatus: run.httpStatus }),
    ...(run.deployment === null ? {} : { deployment: run.deployment }),
    ...(run.requestId === null ? {} : { requestId: run.requestId }),
    ...(run.state === "waiting" && run.failures > 0 ? { nextCallAtMs: run.startAt.getTime() } : {}),
  };
}
