const firstMs = 250;
const longestMs = 30_000;
/** A process that ran this long was sound: what follows is a new fault. */
const soundAfterMs = 60_000;

/** When the next start may be tried: 250 ms after a failure, doubling up to 30 s. */
export class BackOff {
  private failures = 0;
  private notBeforeMs = 0;

  /** @param ranMs how long the process had been ready; 0 when it never was. */
  failed(nowMs: number, ranMs: number): void {
    if (ranMs >= soundAfterMs) this.failures = 0;
    this.notBeforeMs = nowMs + Math.min(longestMs, firstMs * 2 ** this.failures);
    this.failures = Math.min(this.failures + 1, 20);
  }

  remainingMs(nowMs: number): number {
    return Math.max(0, this.notBeforeMs - nowMs);
  }
}
