import { Histogram, type SignalFilter, type SignalSample, type SignalSecond } from "@evenkeel/model";

/** Of `ReleaseTally.slices`. */
const sliceMs = 15_000;

/** What was measured of one deployment from a moment on. */
export class ReleaseTally {
  requests = 0;
  errors = 0;
  /** Latencies in milliseconds by time, so that one stall can be left out. */
  readonly slices: Histogram[] = [];
  private sliceEndsAtMs = Number.NEGATIVE_INFINITY;

  /** @param atMs the second in which it was measured */
  add({ counts = {}, histograms = {} }: Pick<SignalSample, "counts" | "histograms">, atMs: number): void {
    this.requests += counts["requests"] ?? 0;
    this.errors += counts["errors"] ?? 0;
    const { latency } = histograms;
    if (!latency) return;
    // Seconds of a clock that was set back belong to the slice under way.
    if (atMs >= this.sliceEndsAtMs) {
      this.slices.push(new Histogram());
      this.sliceEndsAtMs = atMs + sliceMs;
    }
    this.slices.at(-1)!.merge(Histogram.fromJson(latency));
  }

  get latency(): Histogram {
    return this.slices.reduce((all, slice) => all.merge(slice), new Histogram());
  }
}

/** Tells each second as it is measured, until the returned function is called. */
export type WatchSignals = (filter: SignalFilter, onSecond: (second: SignalSecond) => void) => () => void;

const signals = ["requests", "errors", "latency"];

/** Both sides of a staged release. What a crash of control loses of them is unknown, and is measured anew. */
export class ReleaseTallies {
  readonly current = new ReleaseTally();
  /** Of the step under way. */
  canary = new ReleaseTally();
  readonly stop: () => void;

  constructor(
    watch: WatchSignals,
    of: { app: string; environment: string; baseline: string; deployment: string },
  ) {
    const { app, environment, baseline, deployment } = of;
    this.stop = watch({ app, environment, signals }, ({ atMs, samples }) => {
      for (const sample of samples) {
        if (sample.deployment === baseline) this.current.add(sample, atMs);
        else if (sample.deployment === deployment) this.canary.add(sample, atMs);
      }
    });
  }

  beginStep(): void {
    this.canary = new ReleaseTally();
  }
}
