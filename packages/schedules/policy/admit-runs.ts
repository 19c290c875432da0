import type { OverlapPolicy } from "./schedule-policy.ts";

export interface WaitingRun {
  id: string;
  job: string;
  overlap: OverlapPolicy;
  /** It takes its turn instead of being skipped: a late one, a repetition, or one under the policy `queue`. */
  takesTurn: boolean;
  /** False: the job is not in the current release. */
  released: boolean;
}

export interface Admission {
  run: string[];
  /** These do not take place: their job was still running, or is gone. */
  skip: { id: string; reason: "overlap" | "not_released" }[];
}

/**
 * What is to become of runs whose time has come. Runs that it names in neither list stay where they are.
 *
 * @param waiting in the order in which they came due
 * @param running jobs of which a run is under way
 */
export function admitRuns(waiting: readonly WaitingRun[], running: ReadonlySet<string>): Admission {
  const busy = new Set(running);
  const admission: Admission = { run: [], skip: [] };
  for (const { id, job, overlap, takesTurn, released } of waiting) {
    if (!released) admission.skip.push({ id, reason: "not_released" });
    else if (overlap === "allow" || !busy.has(job)) {
      admission.run.push(id);
      busy.add(job);
    } else if (!takesTurn) admission.skip.push({ id, reason: "overlap" });
  }
  return admission;
}
