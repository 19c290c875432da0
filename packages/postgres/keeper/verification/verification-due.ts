import type { DatabaseEvidence } from "@evenkeel/model";

const dayMs = 86_400_000;
const weekMs = 7 * dayMs;

/**
 * Whether a database's weekly verification is due. Each has its own moment of the week, so that those of a machine do not come at once;
 * one that the machine has slept through is made up for, and one that failed is done again after a day. Pure.
 *
 * @param id of the database; random, so it spreads them
 * @param last the newest one, whoever asked for it
 */
export function verificationDue(
  id: string,
  createdAtMs: number,
  last: Pick<DatabaseEvidence, "startedMs" | "verdict"> | undefined,
  nowMs: number,
): boolean {
  if (last?.verdict === "running") return false;
  if (last?.verdict === "failed") return nowMs - last.startedMs >= dayMs;
  return Math.max(createdAtMs, last?.startedMs ?? 0) < lastMoment(id, nowMs);
}

function lastMoment(id: string, nowMs: number): number {
  const offsetMs = Number(Bun.hash(id) % BigInt(weekMs));
  return Math.floor((nowMs - offsetMs) / weekMs) * weekMs + offsetMs;
}
