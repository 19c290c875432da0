/** Something with deadlines. */
export interface Swept {
  sweep(nowMs: number): void;
}

const periodMs = 250;

/**
 * Looks at everything with a deadline four times a second. A timer per request would cost more than the request's parsing; nobody needs
 * these deadlines more exactly.
 */
class Sweeper {
  /** `performance.now()` at the last look: good enough wherever a deadline is set, and free. */
  nowMs = performance.now();
  private readonly members = new Set<Swept>();
  private timer: ReturnType<typeof setInterval> | undefined;

  /** For deadlines that are so short that the loop's own delays would count. */
  refresh(): number {
    this.nowMs = performance.now();
    return this.nowMs;
  }

  add(member: Swept): void {
    this.members.add(member);
    if (this.timer !== undefined) return;
    this.refresh();
    this.timer = setInterval(() => this.sweep(), periodMs);
  }

  remove(member: Swept): void {
    this.members.delete(member);
    if (this.members.size > 0 || this.timer === undefined) return;
    clearInterval(this.timer);
    this.timer = undefined;
  }

  private sweep(): void {
    const nowMs = this.refresh();
    for (const member of this.members) member.sweep(nowMs);
  }
}

export const sweeper = new Sweeper();
