/** Largest body of a beacon. */
export const beaconBytes = 16 * 1024;
/** What the wire may carry of OTLP. SDKs send far less: 512 spans, 2 MB at most. */
export const otlpBodyBytes = 4 * 1024 * 1024;

/** Lets so much pass at once and so much a second after it. */
export class RateLimit {
  private readonly buckets = new Map<string, { left: number; atMs: number }>();

  /** @param keyLimit of those that are told apart; beyond it the ones that have been quiet longest are forgotten */
  constructor(
    private readonly perSecond: number,
    private readonly burst: number,
    private readonly keyLimit = 10_000,
  ) {}

  /** False: too much. */
  take(key: string, amount: number, nowMs: number): boolean {
    const known = this.buckets.get(key);
    const left = known
      ? Math.min(this.burst, known.left + ((nowMs - known.atMs) / 1_000) * this.perSecond)
      : this.burst;
    // In the order of their last use.
    this.buckets.delete(key);
    const fits = left >= amount;
    this.buckets.set(key, { left: fits ? left - amount : left, atMs: nowMs });
    if (this.buckets.size > this.keyLimit) this.buckets.delete(this.buckets.keys().next().value!);
    return fits;
  }
}
