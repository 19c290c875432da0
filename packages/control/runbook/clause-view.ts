import type { Clause, Finding } from "@evenkeel/runbook";
import type { RunbookClause } from "../api/contract/index.ts";

/** What is known of it beyond the file. */
export interface Seen {
  last?: RunbookClause["last"] | undefined;
  finding?: Finding | undefined;
  evaluatedAtMs?: number | undefined;
}

export function clauseView(
  clause: Clause,
  nowMs: number,
  { last, finding, evaluatedAtMs }: Seen = {},
): RunbookClause {
  const { id, kind, says, line, enforced, byHand, exercised } = clause;
  const isOverdue = byHand !== undefined && nowMs >= Date.parse(byHand.due) + 86_400_000;
  const looked = finding && evaluatedAtMs !== undefined && { atMs: evaluatedAtMs, result: finding.state };
  const exercisedLast = looked || last;
  return {
    ...{ id, kind, says, line, enforcedBy: enforced.by, how: enforced.how, exercised },
    ...(byHand ? { byHand } : {}),
    ...(isOverdue ? { overdue: true as const } : {}),
    ...(exercisedLast ? { last: exercisedLast } : {}),
    ...(finding ? { state: finding.state, sinceMs: finding.sinceS * 1_000 } : {}),
  };
}
