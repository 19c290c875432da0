import { writeFileSync } from "node:fs";

/** Often enough for whoever watches, and seldom enough to cost nothing. */
const everyMs = 2_000;

/**
 * Leaves a sign of life after rounds of the scheduler: the supervisor, which needs neither control nor its database, sees it stand still.
 */
export function schedulerBeat(path: string): () => void {
  let lastMs = Number.NEGATIVE_INFINITY;
  return () => {
    const nowMs = performance.now();
    if (nowMs - lastMs < everyMs) return;
    lastMs = nowMs;
    // Only its change counts: nothing is lost with it.
    writeFileSync(path, JSON.stringify({ pid: process.pid, atMs: Date.now() }));
  };
}
