import type { EnvironmentName, SignalSample } from "@evenkeel/model";
import type { TelemetryOwner } from "@evenkeel/model/link/telemetry-protocol";
import { appSignalPrefix } from "@evenkeel/model/signals/catalogue";
import { Histogram } from "@evenkeel/model/signals/histogram";
import type { Vital } from "../analytics/read-beacon.ts";
import type { Measurement } from "../otlp/metric-series.ts";
import type { OtlpSender } from "../otlp/otlp-intake.ts";

/** Of a signal's name behind its prefix, and of its detail: what the store of signals takes. */
const nameLimit = 120;
const detailLimit = 200;

interface Scope {
  owner: OtlpSender;
  detail: string;
  counts: Map<string, number>;
  gauges: Map<string, number>;
  histograms: Map<string, Histogram>;
}

/** Gathers what apps measured, and hands it on as their own signals (`app.<metric>`), a sample for each of their series. */
export class OwnSignals {
  /** Something came, and nothing waited before it. */
  onFirst: () => void = () => {};
  private readonly scopes = new Map<string, Scope>();

  add(owner: OtlpSender, measurements: readonly Measurement[]): void {
    for (const measurement of measurements) {
      const scope = this.scopeOf(owner, detailOf(measurement.series));
      const name = signalName(measurement.metric);
      if (measurement.kind === "histogram") {
        const histogram = histogramOf(scope, name);
        for (const [value, times] of measurement.values) histogram.record(value, times);
      } else if (measurement.kind === "gauge") scope.gauges.set(name, measurement.value);
      else this.count(scope, name, measurement.value);
    }
  }

  /** What an app spent or used, by provider: signals of the platform's own names. */
  addSpending(owner: OtlpSender, provider: string, counts: { spend?: number; tokens?: number }): void {
    const scope = this.scopeOf(owner, detailOf(provider));
    for (const [name, value] of Object.entries(counts)) if (value > 0) this.count(scope, name, value);
  }

  /** What a browser told of a page: signals of the platform's own names. */
  addVitals({ app, environment }: TelemetryOwner, vitals: readonly Vital[]): void {
    const scope = this.scopeOf({ app, environment, deployment: "" }, "");
    for (const { name, value } of vitals) histogramOf(scope, name.toLowerCase()).record(value);
  }

  addRefused(owner: OtlpSender, kind: string, count: number): void {
    this.count(this.scopeOf(owner, kind), "telemetry_refused", count);
  }

  /** Of an app's log records; `source` names the deployment where it is known. */
  addLines(
    what: "lines" | "dropped",
    app: string,
    { environment = "production", deployment = "" }: { environment?: EnvironmentName; deployment?: string },
    lines: number,
  ): void {
    const scope = this.scopeOf({ app, environment, deployment }, "");
    this.count(scope, what === "lines" ? "log_lines" : "log_lines_dropped", lines);
  }

  /** What came since the last call. */
  take(): SignalSample[] {
    const samples = [...this.scopes.values()].map(
      ({ owner, detail, counts, gauges, histograms }): SignalSample => {
        const { app, environment, deployment } = owner;
        return {
          ...{ app, environment },
          ...(deployment === "" ? {} : { deployment }),
          ...(detail === "" ? {} : { detail }),
          counts: Object.fromEntries(counts),
          gauges: Object.fromEntries(gauges),
          histograms: Object.fromEntries(
            [...histograms].map(([name, histogram]) => [name, histogram.toJSON()]),
          ),
        };
      },
    );
    this.scopes.clear();
    return samples;
  }

  private count({ counts }: Scope, name: string, value: number): void {
    counts.set(name, (counts.get(name) ?? 0) + value);
  }

  private scopeOf(owner: OtlpSender, detail: string): Scope {
    const key = `${owner.app}\n${owner.environment}\n${owner.deployment}\n${detail}`;
    let scope = this.scopes.get(key);
    if (!scope) {
      scope = { owner, detail, counts: new Map(), gauges: new Map(), histograms: new Map() };
      if (this.scopes.size === 0) this.onFirst();
      this.scopes.set(key, scope);
    }
    return scope;
  }
}

function histogramOf({ histograms }: Scope, name: string): Histogram {
  let histogram = histograms.get(name);
  if (!histogram) {
    histogram = new Histogram();
    histograms.set(name, histogram);
  }
  return histogram;
}

/** `app.http.server.duration`; what cannot stand in a signal's name becomes `_`. */
export function signalName(metric: string): string {
  const name = metric.replace(/[^\w./-]/g, "_").replace(/^[^A-Za-z_]/, "_$&");
  return appSignalPrefix + name.slice(0, nameLimit);
}

/** A long one is cut, and stays another than others that begin alike. */
function detailOf(series: string): string {
  const line = series.replace(/[\n\0]/g, " ");
  if (line.length <= detailLimit) return line;
  const digest = new Bun.CryptoHasher("sha256").update(line).digest("hex").slice(0, 8);
  return `${line.slice(0, detailLimit - 10)}… ${digest}`.slice(0, detailLimit);
}
