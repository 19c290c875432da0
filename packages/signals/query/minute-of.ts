import type { Histogram } from "@evenkeel/model/signals/histogram";
import type { SignalSample } from "@evenkeel/model/signals/signals-protocol";
import { decodeChunk, mergePoints, type Point } from "../points/chunk.ts";
import type { GaugeLevels } from "../points/gauge-point.ts";
import { floorTo, minutes, seconds } from "../store/levels.ts";
import type { SeriesName } from "../store/series.ts";
import type { SignalStore } from "../store/signal-store.ts";

/** Later the minute is read from the database, which has it by then. */
const inMemoryMs = 50 * 60_000;

/** Everything that was measured in the minute that began at `atMs`, one sample for each scope: sums, the last levels, distributions. */
export function minuteOf(store: SignalStore, atMs: number): SignalSample[] {
  const samples = new Map<string, SignalSample>();
  const add = ({ signal, ...scope }: SeriesName, kind: keyof typeof put, point: Point | undefined) => {
    if (point === undefined || signal === "heartbeat") return;
    const key = `${scope.app}\n${scope.environment}\n${scope.deployment ?? ""}\n${scope.detail ?? ""}`;
    let sample = samples.get(key);
    if (!sample) {
      sample = scope;
      samples.set(key, sample);
    }
    put[kind](sample, signal, point);
  };
  if (atMs >= store.now - inMemoryMs) {
    for (const series of store.table.of()) {
      if (series.lastMs < atMs) continue;
      add(
        series.name,
        series.kind,
        mergePoints(series.kind, series.minute(floorTo(atMs, seconds.spanMs)) ?? []),
      );
    }
  } else {
    const startMs = floorTo(atMs, minutes.spanMs);
    for (const { name, kind, points } of store.database.chunksAt(minutes, startMs)) {
      add(name, kind, decodeChunk(kind, points)[(atMs - startMs) / minutes.stepMs]);
    }
  }
  return [...samples.values()];
}

const put = {
  count(sample: SignalSample, signal: string, point: Point) {
    sample.counts ??= {};
    sample.counts[signal] = point as number;
  },
  gauge(sample: SignalSample, signal: string, point: Point) {
    sample.gauges ??= {};
    sample.gauges[signal] = (point as GaugeLevels).last;
  },
  histogram(sample: SignalSample, signal: string, point: Point) {
    sample.histograms ??= {};
    sample.histograms[signal] = (point as Histogram).toJSON();
  },
};
