/** What a run does whose job is still running: not take place, wait for it, or run beside it. */
export const overlapPolicies = ["skip", "queue", "allow"] as const;
export type OverlapPolicy = (typeof overlapPolicies)[number];

/** What is made of times that passed while nothing could be called: one run, all, or none. */
export const missedPolicies = ["once", "all", "skip"] as const;
export type MissedPolicy = (typeof missedPolicies)[number];

/** How a job is run. */
export interface SchedulePolicy {
  overlap: OverlapPolicy;
  missed: MissedPolicy;
  /** Calls after a failed one. */
  retries: number;
  /** A call takes at most this long; null: as long as its function may, `maxDuration`. */
  limitMs: number | null;
}

/** Vercel's, as far as it has them: no retries, the function's own limit. */
export const usualPolicy: SchedulePolicy = { overlap: "skip", missed: "once", retries: 0, limitMs: null };

export const mostRetries = 10;
/** Runs of one job that wait for their turn under the policy `queue`; further ones do not take place. */
export const mostWaiting = 100;
