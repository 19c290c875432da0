/** What bursts may bring at once, as seconds of what is allowed at length. */
const burstSeconds = 10;

/**
 * What one app may print: a bucket of lines and one of bytes, filled evenly. It is asked before anything is done with the bytes, so that a
 * flood costs its own app lines and nobody time.
 */
export class LineBudget {
  private lines: number;
  private bytes: number;
  private filledAtMs: number;

  constructor(
    private limits: { linesPerSecond: number; bytesPerSecond: number },
    nowMs: number,
  ) {
    this.lines = limits.linesPerSecond * burstSeconds;
    this.bytes = limits.bytesPerSecond * burstSeconds;
    this.filledAtMs = nowMs;
  }

  /** From now on. */
  limit(limits: { linesPerSecond: number; bytesPerSecond: number }): void {
    this.limits = limits;
  }

  /** Whether there is room for any more lines and bytes. */
  hasRoom(nowMs: number): boolean {
    this.fill(nowMs);
    return this.lines > 0 && this.bytes > 0;
  }

  /** May overdraw: what was begun is finished, and paid for later. */
  take(lines: number, bytes: number): void {
    this.lines -= lines;
    this.bytes -= bytes;
  }

  private fill(nowMs: number): void {
    const { linesPerSecond, bytesPerSecond } = this.limits;
    // A clock that was set back fills nothing.
    const seconds = Math.max(0, nowMs - this.filledAtMs) / 1_000;
    this.filledAtMs = nowMs;
    this.lines = Math.min(linesPerSecond * burstSeconds, this.lines + seconds * linesPerSecond);
    this.bytes = Math.min(bytesPerSecond * burstSeconds, this.bytes + seconds * bytesPerSecond);
  }
}
