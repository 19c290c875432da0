/** Autovacuum looks at each database once a minute: by then it has seen everything that was written. */
const restAfterMs = 2 * 60_000;
const lookEveryMs = 10_000;

export interface AutovacuumRestParts {
  /** Where the server's WAL ends; undefined while that is not known. */
  walEnd(): string | undefined;
  /** Does nothing while the server is away. */
  switchAutovacuum(on: boolean): void;
}

/**
 * Lets autovacuum rest in a database in which nothing is written: what is to be vacuumed or analysed comes of writes, and these are WAL. It is
 * back ten seconds after the next write, sooner than its launcher would have looked.
 */
export class AutovacuumRest {
  private timer: ReturnType<typeof setInterval> | undefined;
  private seen: string | undefined;
  private quietSinceMs = 0;

  constructor(private readonly parts: AutovacuumRestParts) {}

  /** A server that was adopted at rest may have been written to meanwhile. */
  start(): void {
    if (this.timer) return;
    this.wake(Date.now());
    this.timer = setInterval(() => this.look(Date.now()), lookEveryMs);
    this.timer.unref();
  }

  stop(): void {
    clearInterval(this.timer);
    this.timer = undefined;
  }

  look(nowMs: number): void {
    const end = this.parts.walEnd();
    if (end === undefined || end !== this.seen) {
      this.seen = end;
      this.wake(nowMs);
    } else if (nowMs - this.quietSinceMs >= restAfterMs) this.parts.switchAutovacuum(false);
  }

  private wake(nowMs: number): void {
    this.quietSinceMs = nowMs;
    this.parts.switchAutovacuum(true);
  }
}
