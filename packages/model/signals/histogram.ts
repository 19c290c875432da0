import { bucketOf, bucketValue } from "./histogram-buckets.ts";

/**
 * `[sum, least, greatest, bucket, count, distance to the next bucket, its count, …]`; empty where nothing was recorded. Buckets are those of
 * `histogram-buckets.ts`, rising.
 */
export type HistogramJson = readonly number[];

/**
 * Counts of values by bucket. Percentiles are within 1 % of a recorded value, counts are exact, and merging is addition, so percentiles of
 * an hour come from its seconds (never from averages of percentiles). Sparse: it holds the buckets that have something in them.
 */
export class Histogram {
  count = 0;
  sum = 0;
  least = Number.POSITIVE_INFINITY;
  greatest = Number.NEGATIVE_INFINITY;
  /** Parallel; `buckets` rises. */
  private buckets: number[] = [];
  private counts: number[] = [];

  /** @throws RangeError where it is no histogram: what a socket or a file says is not trusted. */
  static fromJson(json: HistogramJson): Histogram {
    const histogram = new Histogram();
    if (json.length === 0) return histogram;
    if (json.length < 5 || json.length % 2 === 0 || !json.every(Number.isFinite)) {
      throw new RangeError("Not a histogram");
    }
    histogram.sum = json[0]!;
    histogram.least = json[1]!;
    histogram.greatest = json[2]!;
    let bucket = 0;
    for (let index = 3; index < json.length; index += 2) {
      const step = json[index]!;
      const count = json[index + 1]!;
      if (!Number.isInteger(step) || step < (index === 3 ? 0 : 1) || !Number.isInteger(count) || count < 1) {
        throw new RangeError("Not a histogram");
      }
      bucket += step;
      histogram.append(bucket, count);
    }
    return histogram;
  }

  static of(values: Iterable<number>): Histogram {
    const histogram = new Histogram();
    for (const value of values) histogram.record(value);
    return histogram;
  }

  /** Records `value`, `times` over. NaN is left out. */
  record(value: number, times = 1): void {
    if (Number.isNaN(value)) return;
    this.count += times;
    this.sum += value * times;
    if (value < this.least) this.least = value;
    if (value > this.greatest) this.greatest = value;
    const bucket = bucketOf(value);
    const index = this.indexFrom(bucket);
    if (this.buckets[index] === bucket) this.counts[index]! += times;
    else {
      this.buckets.splice(index, 0, bucket);
      this.counts.splice(index, 0, times);
    }
  }

  /** For readers of a stored form: `bucket` is above all that are there; `sum`, `least` and `greatest` are the reader's to set. */
  append(bucket: number, count: number): void {
    this.buckets.push(bucket);
    this.counts.push(count);
    this.count += count;
  }

  /** Adds what `other` has. */
  merge(other: Histogram): this {
    if (other.count === 0) return this;
    this.count += other.count;
    this.sum += other.sum;
    if (other.least < this.least) this.least = other.least;
    if (other.greatest > this.greatest) this.greatest = other.greatest;
    const buckets: number[] = [];
    const counts: number[] = [];
    let mine = 0;
    let theirs = 0;
    while (mine < this.buckets.length || theirs < other.buckets.length) {
      const a = this.buckets[mine] ?? Number.POSITIVE_INFINITY;
      const b = other.buckets[theirs] ?? Number.POSITIVE_INFINITY;
      buckets.push(Math.min(a, b));
      counts.push((a <= b ? this.counts[mine]! : 0) + (b <= a ? other.counts[theirs]! : 0));
      if (a <= b) mine++;
      if (b <= a) theirs++;
    }
    this.buckets = buckets;
    this.counts = counts;
    return this;
  }

  /**
   * The value that a share of all values does not exceed, by nearest rank; undefined where nothing was recorded.
   *
   * @param share 0 to 1: 0.99 is the 99th percentile
   */
  percentile(share: number): number | undefined {
    if (this.count === 0) return undefined;
    const rank = Math.max(1, Math.ceil(share * this.count));
    if (rank >= this.count) return this.greatest;
    let passed = 0;
    for (const [index, count] of this.counts.entries()) {
      passed += count;
      if (passed >= rank) {
        return Math.min(this.greatest, Math.max(this.least, bucketValue(this.buckets[index]!)));
      }
    }
    return this.greatest;
  }

  get mean(): number | undefined {
    return this.count === 0 ? undefined : this.sum / this.count;
  }

  /** How many values are certainly greater than `bound`, to the width of a bucket. */
  countAbove(bound: number): number {
    let count = 0;
    for (let index = this.indexFrom(bucketOf(bound) + 1); index < this.counts.length; index++) {
      count += this.counts[index]!;
    }
    return count;
  }

  /** Each bucket that has something in it, rising. */
  forEachBucket(visit: (bucket: number, count: number) => void): void {
    for (let index = 0; index < this.buckets.length; index++)
      visit(this.buckets[index]!, this.counts[index]!);
  }

  get bucketCount(): number {
    return this.buckets.length;
  }

  toJSON(): HistogramJson {
    if (this.count === 0) return [];
    const json = [this.sum, this.least, this.greatest];
    let last = 0;
    this.forEachBucket((bucket, count) => {
      json.push(bucket - last, count);
      last = bucket;
    });
    return json;
  }

  /** Index of the first bucket that is not below `bucket`. */
  private indexFrom(bucket: number): number {
    let low = 0;
    let high = this.buckets.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.buckets[middle]! < bucket) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
