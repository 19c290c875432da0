const firstWaitMs = 10_000;
const longestWaitMs = 300_000;
/** A process that ran this long was sound: what follows is a new fault. */
const soundAfterMs = 600_000;

/**
 * When a crashed process is started again: the first time at once, then after 10 s, doubling up to 5 minutes, as at Heroku in kind
 * (https://devcenter.heroku.com/articles/dynos#dyno-crash-restart-policy), where the waits begin with 20 minutes.
 */
export class CrashBackOff {
  private crashes = 0;

  /** @param ranMs how long it ran. @returns how long to wait */
  crashed(ranMs: number): number {
    if (ranMs >= soundAfterMs) this.crashes = 0;
    this.crashes++;
    return this.crashes === 1
      ? 0
      : Math.min(longestWaitMs, firstWaitMs * 2 ** Math.min(this.crashes - 2, 20));
  }

  forget(): void {
    this.crashes = 0;
  }
}
