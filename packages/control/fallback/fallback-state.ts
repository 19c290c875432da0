import type { FallbackPlan } from "@evenkeel/runbook";

/** Whether an outside service is down, as its app sees it. */
export interface FallbackState {
  /** Apps use the other one. */
  isAway: boolean;
  /** Since when it is as it is. */
  sinceMs: number;
  /** Checks in a row that failed. */
  failures: number;
  /** Since when it answers again, while apps use the other one. */
  answersSinceMs?: number;
}

export const firstState = (nowMs: number): FallbackState => ({ isAway: false, sinceMs: nowMs, failures: 0 });

/**
 * What one check means: away after so many failures in a row, back once it has answered without a failure for so long. In between nothing changes, so
 * a service that comes and goes does not make apps do so. Pure.
 */
export function afterCheck(
  state: FallbackState,
  answers: boolean,
  { failures, recoverAfterMs }: Pick<FallbackPlan, "failures" | "recoverAfterMs">,
  nowMs: number,
): FallbackState {
  if (!state.isAway) {
    if (answers) return { ...state, failures: 0 };
    const failed = state.failures + 1;
    return failed >= failures
      ? { isAway: true, sinceMs: nowMs, failures: failed }
      : { ...state, failures: failed };
  }
  if (!answers) {
    const { answersSinceMs: _, ...rest } = state;
    return { ...rest, failures: state.failures + 1 };
  }
  const answersSinceMs = state.answersSinceMs ?? nowMs;
  if (nowMs - answersSinceMs >= recoverAfterMs) return firstState(nowMs);
  return { ...state, failures: 0, answersSinceMs };
}
