/** Requests to one site that are traced a second, and at once; of each edge. */
const perSecond = 10;
const burst = 20;

/**
 * Says which requests are traced: all of a quiet site, a bounded number of a busy one. A rate rather than a share, because most apps have few
 * requests, of which each is wanted, and a flood must cost nothing.
 */
export class TraceSampler {
  private left = burst;
  private refilledMs: number;

  /** @param now milliseconds by a clock that only goes forward */
  constructor(private readonly now: () => number = () => performance.now()) {
    this.refilledMs = now();
  }

  take(): boolean {
    if (this.left >= 1) {
      this.left--;
      return true;
    }
    const nowMs = this.now();
    this.left = Math.min(burst, this.left + ((nowMs - this.refilledMs) / 1_000) * perSecond);
    this.refilledMs = nowMs;
    if (this.left < 1) return false;
    this.left--;
    return true;
  }
}
