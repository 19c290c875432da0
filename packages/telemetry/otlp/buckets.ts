import { type ExponentialDataPoint, type HistogramDataPoint, type Long, toNumber } from "./otlp-types.ts";

/** A histogram as it was sent. */
export interface Buckets {
  /** Points of one series with different layouts cannot be subtracted; exponential ones can, once both have the smaller scale. */
  layout: string;
  /** Of an exponential histogram. */
  scale?: number;
  /** Bucket → measurements in it, above 0. */
  counts: Map<number, number>;
}

/** Buckets that a histogram may have; the SDKs' default for exponential ones is 160. */
const bucketLimit = 1_000;

/** Undefined where counts do not fit the bounds. A histogram without bounds has one bucket. */
export function explicitBuckets({
  bucketCounts,
  explicitBounds,
  count,
}: HistogramDataPoint): Buckets | undefined {
  if (explicitBounds.some((bound, at) => !Number.isFinite(bound) || bound < explicitBounds[at - 1]!))
    return undefined;
  const sent = bucketCounts.length === 0 && explicitBounds.length === 0 ? [count] : bucketCounts;
  if (sent.length > bucketLimit || sent.length !== explicitBounds.length + 1) return undefined;
  const counts = new Map<number, number>();
  for (const [at, number] of sent.entries()) add(counts, at, toNumber(number));
  return { layout: explicitBounds.join(" "), counts };
}

const positiveSide = 1;
const negativeSide = 2;
const zero = 0;

/** https://opentelemetry.io/docs/specs/otel/metrics/data-model/#exponentialhistogram: bucket i holds (base^i, base^(i+1)], base = 2^(2^-scale). */
export function exponentialBuckets({
  scale,
  zeroCount,
  positive,
  negative,
}: ExponentialDataPoint): Buckets | undefined {
  const length = (positive?.bucketCounts.length ?? 0) + (negative?.bucketCounts.length ?? 0);
  if (scale < -10 || scale > 20 || length > bucketLimit) return undefined;
  const counts = new Map<number, number>();
  add(counts, zero, toNumber(zeroCount));
  const addSide = (side: number, { offset, bucketCounts }: { offset: number; bucketCounts: Long[] }) => {
    for (const [at, count] of bucketCounts.entries()) add(counts, 4 * (offset + at) + side, toNumber(count));
  };
  if (positive) addSide(positiveSide, positive);
  if (negative) addSide(negativeSide, negative);
  return { layout: "exponential", scale, counts };
}

/** What came since; undefined where something has become less, so they are not of one total. */
export function subtractBuckets(now: Buckets, before: Buckets): Buckets | undefined {
  if (now.layout !== before.layout) return undefined;
  const scale = now.scale === undefined ? undefined : Math.min(now.scale, before.scale!);
  const counts = atScale(now, scale);
  for (const [bucket, count] of atScale(before, scale)) {
    const more = (counts.get(bucket) ?? 0) - count;
    if (more < 0) return undefined;
    if (more > 0) counts.set(bucket, more);
    else counts.delete(bucket);
  }
  return { layout: now.layout, counts, ...(scale === undefined ? {} : { scale }) };
}

/** SDKs lower the scale when values spread; two buckets become one. */
function atScale(buckets: Buckets, scale: number | undefined): Map<number, number> {
  if (scale === undefined || scale === buckets.scale) return new Map(buckets.counts);
  const factor = 2 ** (buckets.scale! - scale);
  const counts = new Map<number, number>();
  for (const [bucket, count] of buckets.counts) {
    const side = bucket & 3;
    add(counts, bucket === zero ? zero : 4 * Math.floor((bucket - side) / 4 / factor) + side, count);
  }
  return counts;
}

export interface BucketEnds {
  sum: number | undefined;
  min?: number | undefined;
  max?: number | undefined;
}

/**
 * Each bucket by one value: its middle. The first and the last of explicit bounds have one bound only; the smallest and largest value stand for
 * the other where they are known. A histogram without bounds is all at its mean.
 */
export function bucketValues(
  { layout, scale, counts }: Buckets,
  ends: BucketEnds,
): [value: number, count: number][] {
  if (scale !== undefined) {
    return [...counts].map(([bucket, count]) => {
      const value = 2 ** (((bucket - (bucket & 3)) / 4 + 0.5) * 2 ** -scale);
      return [bucket === zero ? 0 : (bucket & 3) === negativeSide ? -value : value, count];
    });
  }
  const bounds = layout === "" ? [] : layout.split(" ").map(Number);
  if (bounds.length === 0) {
    const count = counts.get(0) ?? 0;
    return count > 0 && ends.sum !== undefined ? [[ends.sum / count, count]] : [];
  }
  const lowest = ends.min ?? Math.min(0, bounds[0]!);
  const highest = ends.max ?? bounds.at(-1)!;
  return [...counts].map(([bucket, count]) => {
    const low = Math.max(bounds[bucket - 1] ?? lowest, lowest);
    const high = Math.max(low, Math.min(bounds[bucket] ?? highest, highest));
    return [(low + high) / 2, count];
  });
}

function add(counts: Map<number, number>, bucket: number, count: number): void {
  if (count > 0) counts.set(bucket, (counts.get(bucket) ?? 0) + count);
}
