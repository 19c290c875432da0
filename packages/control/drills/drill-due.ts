import type { ScenarioPlan } from "@evenkeel/runbook";
import type { Drill } from "../api/contract/index.ts";

const dayMs = 86_400_000;
/** One that failed is done again after a day. */
const again = dayMs;

/**
 * When a scenario is to be rehearsed next. The first time is spread over a tenth of its period, so that those of a runbook that is new do not come at
 * once. Pure.
 *
 * @param last the newest one that has ended
 * @param sinceMs when the runbook began to ask for it
 */
export function drillDueMs(
  { name, everyDays }: Pick<ScenarioPlan, "name" | "everyDays">,
  last: Pick<Drill, "state" | "startedMs"> | undefined,
  sinceMs: number,
): number {
  const periodMs = everyDays * dayMs;
  if (last) return last.startedMs + (last.state === "failed" ? Math.min(again, periodMs) : periodMs);
  return sinceMs + Math.floor(periodMs / 10) + (Number(Bun.hash(name) % 1_000n) / 1_000) * (periodMs / 10);
}
