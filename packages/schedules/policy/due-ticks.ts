import { type CronTimes, nextTime } from "../cron/next-time.ts";
import type { MissedPolicy } from "./schedule-policy.ts";

/** A run that begins within it after its time is on time: what a restart takes. */
export const onTimeMs = 60_000;
/** Times that are longer ago are not made up for. */
export const lookBackMs = 7 * 86_400_000;

export interface DueTick {
  scheduledAtMs: number;
  /** Longer ago than `onTimeMs`. */
  late: boolean;
  runs: boolean;
}

export interface DueTicks {
  /** In their order. */
  ticks: DueTick[];
  /** Everything up to here is decided. */
  decidedThroughMs: number;
  /** Not after now where more is due than `most`. */
  nextMs: number | undefined;
}

/**
 * Decides over a job's times in (decidedThroughMs, nowMs]: each is one tick, and the policy says which of the late ones run. `once` runs
 * the last of all; asked again with what is left when there were more than `most`, it comes to the same.
 *
 * @param job `nextMs`: its first time after `decidedThroughMs`, where that is known
 */
export function dueTicks(
  job: CronTimes & { decidedThroughMs: number; missed: MissedPolicy; nextMs?: number },
  nowMs: number,
  most = 1_000,
): DueTicks {
  let decidedThroughMs = Math.max(job.decidedThroughMs, nowMs - lookBackMs);
  // Mostly known from the time before: half the work.
  const known = decidedThroughMs === job.decidedThroughMs ? job.nextMs : undefined;
  let nextMs = known ?? nextTime(job, decidedThroughMs);
  const ticks: DueTick[] = [];
  while (nextMs !== undefined && nextMs <= nowMs && ticks.length < most) {
    const followingMs = nextTime(job, nextMs);
    const late = nowMs - nextMs > onTimeMs;
    const last = followingMs === undefined || followingMs > nowMs;
    const runs = !late || job.missed === "all" || (job.missed === "once" && last);
    ticks.push({ scheduledAtMs: nextMs, late, runs });
    decidedThroughMs = nextMs;
    nextMs = followingMs;
  }
  return { ticks, decidedThroughMs, nextMs };
}
