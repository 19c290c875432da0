import { formatDuration, formatShare, Histogram } from "@evenkeel/model";
import type { Comparison, SideMeasured } from "../api/contract/index.ts";
import type { ReleaseTally } from "./release-tally.ts";

export const usualFewestRequests = 50;
/** What fails this often and no more is chance. */
const fewestFaults = 5;
/** Standard deviations of certainty that it is worse: once in two thousand it is said of one that is not. */
const certainty = 3.29;
/** More errors than before by this are none that matter. */
const errorTolerance = 0.01;
const slowFactor = 2;
const slowToleranceMs = 100;

export interface Judgement extends Comparison {
  /** At once to be ended; slowness is only judged at a step's end. */
  fails: boolean;
}

/**
 * Old against new, by what both answered at the same time. Pure.
 *
 * The canary is worse if its share of errors is certainly more than that of what answers beside it and one percent, or if certainly more than
 * a twentieth of its answers take twice as long as the 95th percentile there (and 100 ms more). "Certainly" is the lower bound of a Wilson
 * interval, so five failures of five requests are enough and five of five hundred are not. One stall is no trend: the two slices of time in
 * which most were slow are left out where there are enough others.
 *
 * @param canary since the beginning of the step
 * @param current since the beginning of the staged release
 * @param fewestRequests of a side; fewer say nothing of its health
 */
export function compareReleases(
  current: ReleaseTally,
  canary: ReleaseTally,
  fewestRequests = usualFewestRequests,
): Judgement {
  const sides = { current: measuredOf(current), canary: measuredOf(canary) };
  const errorRate = sides.current.errorRate ?? 0;
  const told = `${formatShare(sides.canary.errorRate ?? 0)} of ${canary.requests} requests, ${formatShare(errorRate)} before`;
  if (
    canary.errors >= fewestFaults &&
    lowerBound(canary.errors, canary.requests) > errorRate + errorTolerance
  ) {
    return { ...sides, verdict: "worse", why: `fails more often: ${told}`, fails: true };
  }
  const slow = slowness(current, canary, fewestRequests);
  if (slow) return { ...sides, verdict: "worse", why: slow, fails: false };
  const least = Math.min(canary.requests, current.requests);
  if (least < fewestRequests) {
    const which = canary.requests <= current.requests ? "its" : "the other side's";
    const why = `not known: ${least} of ${fewestRequests} requests of ${which} were seen`;
    return { ...sides, verdict: "unknown", why, fails: false };
  }
  return { ...sides, verdict: "healthy", why: `as sound as before: errors ${told}`, fails: false };
}

function slowness(current: ReleaseTally, canary: ReleaseTally, fewestRequests: number): string | undefined {
  const before = current.requests < fewestRequests ? undefined : current.latency.percentile(0.95);
  if (before === undefined) return undefined;
  const bound = Math.max(before * slowFactor, before + slowToleranceMs);
  const kept = withoutWorst(canary.slices, bound);
  const slow = kept.countAbove(bound);
  if (slow < fewestFaults || lowerBound(slow, kept.count) <= 0.05) return undefined;
  const after = canary.latency.percentile(0.95)!;
  return `slower: 95 % answer within ${formatDuration(after)}, ${formatDuration(before)} before`;
}

/** Neighbours, since a stall may lie across a boundary. */
function withoutWorst(slices: Histogram[], bound: number): Histogram {
  const slow = slices.map((slice) => slice.countAbove(bound));
  let worst = -1;
  if (slices.length >= 4) {
    worst = 0;
    for (let index = 1; index < slices.length - 1; index++)
      if (slow[index]! + slow[index + 1]! > slow[worst]! + slow[worst + 1]!) worst = index;
  }
  const kept = new Histogram();
  for (const [index, slice] of slices.entries())
    if (worst === -1 || (index !== worst && index !== worst + 1)) kept.merge(slice);
  return kept;
}

function measuredOf(tally: ReleaseTally): SideMeasured {
  const { requests, errors } = tally;
  const p95Ms = tally.latency.percentile(0.95);
  return {
    requests,
    ...(requests > 0 && { errorRate: errors / requests }),
    ...(p95Ms !== undefined && { p95Ms: Math.round(p95Ms * 10) / 10 }),
  };
}

/** Of the share that `count` of `total` speaks for: Wilson, "Probable inference" (1927). */
function lowerBound(count: number, total: number): number {
  const share = count / total;
  const squared = certainty ** 2;
  const spread = certainty * Math.sqrt((share * (1 - share)) / total + squared / (4 * total ** 2));
  return (share + squared / (2 * total) - spread) / (1 + squared / total);
}
