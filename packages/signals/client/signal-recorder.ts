import type { SignalSample, SignalScope } from "@evenkeel/model";
import { Histogram } from "@evenkeel/model/signals/histogram";
import { SignalSender, type SignalSenderOptions } from "./signal-sender.ts";

interface Recorded {
  scope: SignalScope;
  counts: Map<string, number>;
  gauges: Map<string, number>;
  histograms: Map<string, Histogram>;
}

const secondMs = 1_000;

/** A source for what happens now and then: gathers a second and sends it. Hot paths keep counts of their own and give them to a `SignalSender`. */
export class SignalRecorder {
  private readonly sender: SignalSender;
  private readonly recorded = new Map<string, Recorded>();
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: SignalSenderOptions) {
    this.sender = new SignalSender(options);
  }

  count(scope: SignalScope, signal: string, times = 1): void {
    const { counts } = this.of(scope);
    counts.set(signal, (counts.get(signal) ?? 0) + times);
  }

  /** The last level of a second counts. */
  level(scope: SignalScope, signal: string, value: number): void {
    this.of(scope).gauges.set(signal, value);
  }

  /** One value of a histogram. */
  record(scope: SignalScope, signal: string, value: number): void {
    const { histograms } = this.of(scope);
    const histogram = histograms.get(signal) ?? new Histogram();
    histogram.record(value);
    histograms.set(signal, histogram);
  }

  /** Sends what was recorded until now. */
  flush(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (this.recorded.size === 0) return;
    const samples: SignalSample[] = [];
    for (const { scope, counts, gauges, histograms } of this.recorded.values()) {
      const told = [...histograms].map(([signal, histogram]) => [signal, histogram.toJSON()] as const);
      samples.push({
        ...scope,
        ...(counts.size > 0 && { counts: Object.fromEntries(counts) }),
        ...(gauges.size > 0 && { gauges: Object.fromEntries(gauges) }),
        ...(told.length > 0 && { histograms: Object.fromEntries(told) }),
      });
    }
    this.recorded.clear();
    this.sender.send(samples);
  }

  stop(): void {
    this.flush();
    this.sender.stop();
  }

  private of(scope: SignalScope): Recorded {
    const { app, environment, deployment, detail } = scope;
    const key = `${app}\n${environment}\n${deployment ?? ""}\n${detail ?? ""}`;
    let recorded = this.recorded.get(key);
    if (!recorded) {
      recorded = {
        scope: { app, environment, ...(deployment && { deployment }), ...(detail && { detail }) },
        ...{ counts: new Map(), gauges: new Map(), histograms: new Map() },
      };
      this.recorded.set(key, recorded);
    }
    this.timer ??= setTimeout(() => this.flush(), secondMs - (Date.now() % secondMs));
    return recorded;
  }
}
