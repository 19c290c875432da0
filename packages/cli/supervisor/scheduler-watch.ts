import { readFileSync } from "node:fs";

export interface SchedulerReport {
  /** `stalled`: its sign of life has not changed for longer than `stalledAfterMs`. */
  state: "running" | "stalled";
  /** Since when it is in this state, Unix milliseconds. */
  sinceMs: number;
}

const lookEveryMs = 2_000;
/** The scheduler leaves a sign at least every five seconds. */
const stalledAfterMs = 20_000;

/**
 * The dead man's switch of scheduled jobs. The scheduler rewrites a file after each round that went well; this looks whether it goes on doing so,
 * from another process and by a clock that nobody sets. A control plane that is gone, hangs, or lacks its database is told the same way.
 */
export class SchedulerWatch {
  private seen: string | undefined;
  private changedAtMs: number;
  private report: SchedulerReport = { state: "running", sinceMs: Date.now() };
  private timer: ReturnType<typeof setInterval> | undefined;

  constructor(
    private readonly beatPath: string,
    private readonly say: (line: string) => void = console.error,
    private readonly nowMs: () => number = () => performance.now(),
  ) {
    this.changedAtMs = nowMs();
  }

  start(): void {
    this.timer = setInterval(() => this.look(), lookEveryMs);
  }

  stop(): void {
    clearInterval(this.timer);
  }

  look(): SchedulerReport {
    const beat = this.read();
    if (beat !== this.seen) {
      this.seen = beat;
      this.changedAtMs = this.nowMs();
    }
    const quietMs = this.nowMs() - this.changedAtMs;
    const state = quietMs > stalledAfterMs ? "stalled" : "running";
    if (state !== this.report.state) {
      this.report = { state, sinceMs: Math.round(Date.now() - quietMs) };
      this.say(
        state === "stalled"
          ? `scheduler: no sign of life for ${Math.round(quietMs / 1_000)} s; scheduled jobs do not run`
          : "scheduler: scheduled jobs run again",
      );
    }
    return this.report;
  }

  private read(): string | undefined {
    try {
      return readFileSync(this.beatPath, "utf8");
    } catch {
      return undefined;
    }
  }
}
