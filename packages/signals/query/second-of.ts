import type { Histogram, SignalFilter, SignalOrigin, SignalSample, SignalSecond } from "@evenkeel/model";
import type { Point } from "../points/chunk.ts";
import type { GaugeLevels } from "../points/gauge-point.ts";
import type { Series } from "../store/series.ts";
import type { SignalStore } from "../store/signal-store.ts";

export const origins: readonly SignalOrigin[] = ["edge", "host", "keeper", "control", "signals", "telemetry"];

/** What was measured in the second that began at `atMs`, as far as the filter lets it through. */
export function secondOf(store: SignalStore, atMs: number, filter: SignalFilter): SignalSecond {
  const samples = new Map<string, SignalSample>();
  const wanted = filter.signals && new Set(filter.signals);
  for (const series of store.table.of(filter.app)) {
    const { signal, ...scope } = series.name;
    if (filter.environment !== undefined && scope.environment !== filter.environment) continue;
    if (wanted && !wanted.has(signal)) continue;
    if (series.lastMs < atMs) continue;
    const point = series.at(atMs);
    if (point === undefined) continue;
    const key = `${scope.app}\n${scope.environment}\n${scope.deployment ?? ""}\n${scope.detail ?? ""}`;
    let sample = samples.get(key);
    if (!sample) {
      sample = scope;
      samples.set(key, sample);
    }
    addPoint(sample, signal, series, point);
  }
  const live = origins.filter((origin) => store.measured(origin, atMs));
  return { atMs, live, samples: [...samples.values()] };
}

function addPoint(sample: SignalSample, signal: string, { kind }: Series, point: Point): void {
  if (kind === "count") {
    sample.counts ??= {};
    sample.counts[signal] = point as number;
  } else if (kind === "gauge") {
    sample.gauges ??= {};
    sample.gauges[signal] = (point as GaugeLevels).sum / (point as GaugeLevels).seen;
  } else {
    sample.histograms ??= {};
    sample.histograms[signal] = (point as Histogram).toJSON();
  }
}
