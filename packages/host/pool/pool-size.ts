/** What the size of the pool of one runtime follows from. */
export interface PoolDemand {
  /** The usual runtime of a platform with deployments, or one that was asked for within the last hour. */
  wanted: boolean;
  /** Most processes taken within any `demandWindowMs` of the last minutes. */
  recentPeak: number;
}

export const demandWindowMs = 5_000;
export const demandMemoryMs = 120_000;
export const wantedMemoryMs = 3_600_000;
const usual = 2;
const most = 8;

/**
 * How many warm processes wait: none without a deployment, since the first of all comes by a deploy, which takes longer than a start. The first of
 * them holds some 55 MB, each further one 10 MB, so a burst of starts is remembered for two minutes only.
 */
export function poolSize({ wanted, recentPeak }: PoolDemand): number {
  if (!wanted) return 0;
  return Math.min(most, Math.max(usual, recentPeak));
}

/** Most of the `times` that lie within one window. */
export function peakWithin(times: readonly number[], windowMs: number): number {
  let peak = 0;
  let first = 0;
  for (let last = 0; last < times.length; last++) {
    while (times[last]! - times[first]! > windowMs) first++;
    peak = Math.max(peak, last - first + 1);
  }
  return peak;
}
