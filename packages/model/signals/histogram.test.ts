import { expect, test } from "bun:test";
import { Histogram } from "./histogram.ts";
import { bucketOf, lastBucket, lowerBound } from "./histogram-buckets.ts";
import { HistogramRecorder } from "./histogram-recorder.ts";

/** mulberry32: the same values in every run. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const normal = (random: () => number) =>
  Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());

const distributions: Record<string, (random: () => number) => number> = {
  uniform: (random) => random() * 1_000,
  exponential: (random) => -Math.log(1 - random()) * 12,
  "log-normal": (random) => Math.exp(3 + 1.5 * normal(random)),
  Pareto: (random) => 0.4 / (1 - random()) ** (1 / 1.1),
  "two humps": (random) => (random() < 0.93 ? 4 + normal(random) * 0.3 : 900 + normal(random) * 200),
  constant: () => 37.7,
  "small whole numbers": (random) => Math.floor(random() * 5),
  microseconds: (random) => 0.001 + random() * 0.01,
  days: (random) => random() * 86_400_000,
};

const shares = [0, 0.001, 0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 0.9999, 1];

for (const [name, draw] of Object.entries(distributions)) {
  test(`percentiles are within 1 % of the exact ones, and merging loses nothing: ${name}`, () => {
    for (const size of [1, 2, 10, 333, 20_000]) {
      const random = randomFrom(size + name.length);
      const values = Array.from({ length: size }, () => Math.max(0, draw(random)));
      const whole = Histogram.of(values);
      const merged = new Histogram();
      for (let start = 0; start < size; start += 997)
        merged.merge(Histogram.of(values.slice(start, start + 997)));
      const sorted = Float64Array.from(values).sort();
      for (const share of shares) {
        const exact = sorted[Math.max(1, Math.ceil(share * size)) - 1]!;
        const told = whole.percentile(share)!;
        expect(Math.abs(told - exact)).toBeLessThanOrEqual(exact * 0.01);
        expect(merged.percentile(share)).toBe(told);
      }
      expect(merged.count).toBe(size);
      expect(merged.sum / values.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 9);
      expect([merged.least, merged.greatest]).toEqual([sorted[0]!, sorted[size - 1]!]);
    }
  });
}

test("each bucket begins where the one before ends and holds what is between", () => {
  for (let bucket = 1; bucket < lastBucket; bucket++) {
    const lower = lowerBound(bucket);
    const upper = lowerBound(bucket + 1);
    expect(bucketOf(lower)).toBe(bucket);
    expect(bucketOf(upper - upper * 1e-12)).toBe(bucket);
    expect((upper - lower) / (upper + lower)).toBeLessThan(0.0078);
  }
  expect([bucketOf(0), bucketOf(-5), bucketOf(2 ** 70), bucketOf(Number.POSITIVE_INFINITY)]).toEqual([
    0,
    0,
    lastBucket,
    lastBucket,
  ]);
});

test("what a recorder took is what a histogram of the same values is, once", () => {
  const random = randomFrom(5);
  const values = Array.from({ length: 5_000 }, () => distributions["log-normal"]!(random));
  const recorder = new HistogramRecorder();
  for (const value of values) recorder.record(value);
  expect(recorder.take()).toEqual(Histogram.of(values).toJSON());
  expect(recorder.take()).toEqual([]);
  for (const value of [0, 1e-9, 1e12]) recorder.record(value);
  expect(Histogram.fromJson(recorder.take()).count).toBe(3);
});

test("a histogram survives its JSON, and what is none is refused", () => {
  const histogram = Histogram.of([0, 0.5, 3, 3, 3, 1e9]);
  expect(Histogram.fromJson(JSON.parse(JSON.stringify(histogram)))).toEqual(histogram);
  expect(Histogram.fromJson([]).percentile(0.5)).toBeUndefined();
  for (const bad of [
    [1],
    [1, 2, 3, 4],
    [1, 2, 3, 4, 0],
    [1, 2, 3, -4, 1],
    [1, 2, 3, 4, 1.5],
    [1, 2, 3, Number.NaN, 1],
  ]) {
    expect(() => Histogram.fromJson(bad)).toThrow(RangeError);
  }
  expect(() => Histogram.fromJson(["a", null, 3, 4, 1] as never)).toThrow(RangeError);
});

test("counts above a bound are exact to the width of a bucket", () => {
  const histogram = Histogram.of(Array.from({ length: 1_000 }, (_, index) => index + 1));
  expect(Math.abs(histogram.countAbove(500) - 500)).toBeLessThanOrEqual(8);
  expect(histogram.countAbove(1e6)).toBe(0);
});
