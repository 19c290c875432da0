/**
 * Sums of a series over any window of its history, each in constant time: running sums in a ring. A second (or a wider bucket) is known or
 * unknown; unknown is never zero.
 */
export class Track {
  private readonly sums: Float64Array;
  private readonly known: Float64Array;
  /** Bucket that is newest; none before the first value. */
  private newest = Number.NaN;
  private oldest = Number.NaN;
  private newestIsKnown = false;
  /** Bucket of the newest value, and that value: a level holds from there on. */
  private told = Number.NaN;
  private level = 0;

  /**
   * @param buckets that are kept
   * @param widthS of one, in seconds
   * @param holds how many buckets a value is known for, its own included, unless another comes: more than one for levels that are looked at
   *   less often than each second
   */
  constructor(
    private readonly buckets: number,
    readonly widthS = 1,
    private readonly holds = 1,
  ) {
    // One more: the sum before the oldest.
    this.sums = new Float64Array(buckets + 1);
    this.known = new Float64Array(buckets + 1);
  }

  /** The newest second, or one of the same bucket. Older ones are left out: a clock that was set back brings nothing twice. */
  add(second: number, value: number): void {
    const bucket = Math.floor(second / this.widthS);
    if (Number.isNaN(this.newest) || bucket - this.newest > this.buckets) this.beginAt(bucket);
    if (bucket < this.newest) return;
    while (this.newest < bucket) {
      this.advance();
      if (this.newest < bucket && this.newest < this.told + this.holds) this.put(this.level);
    }
    this.level = this.told === bucket ? this.level + value : value;
    this.told = bucket;
    this.put(value);
  }

  private put(value: number): void {
    const at = this.index(this.newest);
    this.sums[at]! += value;
    if (!this.newestIsKnown) this.known[at]! += 1;
    this.newestIsKnown = true;
  }

  /** Sum of the seconds after `fromS` up to `toS`, and how many seconds of them are known. */
  over(fromS: number, toS: number): { sum: number; knownS: number } {
    if (Number.isNaN(this.newest)) return { sum: 0, knownS: 0 };
    const last = Math.floor(toS / this.widthS);
    const to = Math.min(last, this.newest);
    const from = Math.max(Math.floor(fromS / this.widthS), this.oldest - 1);
    // After the newest value its level holds for a while.
    const held = Math.max(0, Math.min(last, this.told + this.holds - 1) - Math.max(from, this.newest));
    if (to <= from) return { sum: held * this.level, knownS: held * this.widthS };
    const end = this.index(to);
    const begin = this.index(from);
    return {
      sum: this.sums[end]! - this.sums[begin]! + held * this.level,
      knownS: (this.known[end]! - this.known[begin]! + held) * this.widthS,
    };
  }

  private beginAt(bucket: number): void {
    this.newest = bucket - 1;
    this.oldest = bucket;
    const at = this.index(this.newest);
    this.sums[at] = 0;
    this.known[at] = 0;
    this.newestIsKnown = false;
  }

  private advance(): void {
    const before = this.index(this.newest);
    this.newest++;
    const at = this.index(this.newest);
    this.sums[at] = this.sums[before]!;
    this.known[at] = this.known[before]!;
    this.newestIsKnown = false;
    if (this.newest - this.oldest >= this.buckets) this.oldest = this.newest - this.buckets + 1;
  }

  private index(bucket: number): number {
    const size = this.buckets + 1;
    return ((bucket % size) + size) % size;
  }
}
