import type { OutputId } from "@evenkeel/model";
import type { OutputSummary } from "../store/read-output.ts";

const defaultGraceMs = 24 * 60 * 60 * 1000;

export interface RetentionPlan {
  keep: OutputSummary[];
  remove: OutputSummary[];
}

/**
 * Decides which outputs go: all but those that somebody needs (an alias, one of its last releases) and those younger than
 * `graceMs` (default 1 day), which a deployment under way may be about to need.
 */
export function planRetention(
  outputs: OutputSummary[],
  needed: ReadonlySet<OutputId>,
  nowMs: number,
  graceMs: number = defaultGraceMs,
): RetentionPlan {
  const plan: RetentionPlan = { keep: [], remove: [] };
  for (const output of outputs) {
    const stays = needed.has(output.id) || nowMs - output.importedAtMs < graceMs;
    plan[stays ? "keep" : "remove"].push(output);
  }
  return plan;
}
