import { setImmediate } from "node:timers";
import { logError } from "./error-log.ts";

/** `waitUntil`: work that goes on after its response. The host must not end or idle the process while some is pending. */
export class BackgroundWork {
  pending = 0;
  private reported = false;
  private idleWaiters: (() => void)[] = [];

  /** @param report hears of the first pending promise and of the last one's end. */
  constructor(private readonly report: (pending: number) => void) {}

  /** Unbound on purpose: people take it out of its context and call it alone. */
  readonly waitUntil = (promise: unknown): void => {
    this.pending++;
    if (this.pending === 1) setImmediate(this.tell);
    Promise.resolve(promise).then(this.settled, (error: unknown) => {
      logError(error);
      this.settled();
    });
  };

  /** Resolves once nothing is pending. */
  idle(): Promise<void> {
    if (this.pending === 0) return Promise.resolve();
    return new Promise((resolve) => this.idleWaiters.push(resolve));
  }

  private readonly settled = (): void => {
    if (--this.pending > 0) return;
    setImmediate(this.tell);
    for (const wake of this.idleWaiters.splice(0)) wake();
  };

  /** After the current turn, so that a promise which settles at once costs no message. */
  private readonly tell = (): void => {
    const busy = this.pending > 0;
    if (busy === this.reported) return;
    this.reported = busy;
    this.report(this.pending);
  };
}
