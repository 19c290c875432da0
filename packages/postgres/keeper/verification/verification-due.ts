import type { DatabaseEvidence } from "@evenkeel/model";

const dayMs = 86_400_000;
export const usualVerifyDays = 7;

/**
 * Whether a database's verification is due. Each has its own moment of its week (or of so many days), so that those of a machine do not
 * come at once; one that the machine has slept through is made up for, and one that failed is done again after a day. Pure.
 *
 * @param database its id is random, which spreads them
 * @param last the newest one, whoever asked for it
 */
export function verificationDue(
  database: { id: string; createdAtMs: number; verifyEveryDays?: number | undefined },
  last: Pick<DatabaseEvidence, "startedMs" | "verdict"> | undefined,
  nowMs: number,
): boolean {
  const { id, createdAtMs, verifyEveryDays = usualVerifyDays } = database;
  if (verifyEveryDays === 0 || last?.verdict === "running") return false;
  if (last?.verdict === "failed") return nowMs - last.startedMs >= dayMs;
  return Math.max(createdAtMs, last?.startedMs ?? 0) < lastMoment(id, verifyEveryDays * dayMs, nowMs);
}

function lastMoment(id: string, periodMs: number, nowMs: number): number {
  const offsetMs = Number(Bun.hash(id) % BigInt(periodMs));
  return Math.floor((nowMs - offsetMs) / periodMs) * periodMs + offsetMs;
}
