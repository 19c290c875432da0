import type { HistogramJson } from "./histogram.ts";
import { bucketOf } from "./histogram-buckets.ts";

/** Milliseconds from a microsecond to four hours: what a recorder tells apart. Beyond, values count as the nearest of these. */
const lowestBucket = bucketOf(2 ** -10);
const highestBucket = bucketOf(2 ** 24);

/**
 * A histogram for a hot path: recording is a few instructions and allocates nothing. It pays with 9 KB of memory, and is emptied into
 * the sparse form once a second.
 */
export class HistogramRecorder {
  private readonly counts = new Uint32Array(highestBucket - lowestBucket + 1);
  private count = 0;
  private sum = 0;
  private least = Number.POSITIVE_INFINITY;
  private greatest = 0;

  /** @param value in milliseconds; not NaN */
  record(value: number): void {
    this.count++;
    this.sum += value;
    if (value < this.least) this.least = value;
    if (value > this.greatest) this.greatest = value;
    const bucket = bucketOf(value);
    this.counts[
      bucket <= lowestBucket
        ? 0
        : bucket >= highestBucket
          ? highestBucket - lowestBucket
          : bucket - lowestBucket
    ]!++;
  }

  /** What was recorded since the last `take`; empty if nothing was. */
  take(): HistogramJson {
    if (this.count === 0) return [];
    const json = [this.sum, this.least, this.greatest];
    let last = 0;
    for (let index = 0; index < this.counts.length; index++) {
      const count = this.counts[index]!;
      if (count === 0) continue;
      json.push(index + lowestBucket - last, count);
      last = index + lowestBucket;
    }
    this.counts.fill(0);
    this.count = this.sum = this.greatest = 0;
    this.least = Number.POSITIVE_INFINITY;
    return json;
  }
}
