import { createHash } from "node:crypto";

/** Where in its window a run begins: for one run always the same, spread evenly over all. */
export function jitterMs(runId: string, windowMinutes: number): number {
  if (windowMinutes === 0) return 0;
  const share = createHash("sha256").update(runId).digest().readUInt32BE() / 2 ** 32;
  return Math.floor(share * windowMinutes * 60_000);
}
