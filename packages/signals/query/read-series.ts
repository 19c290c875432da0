import type { SignalKind } from "@evenkeel/model";
import { decodeChunk, type Point } from "../points/chunk.ts";
import { floorTo, seconds } from "../store/levels.ts";
import type { Series, SeriesName } from "../store/series.ts";
import { seriesKey } from "../store/series.ts";
import type { SignalStore } from "../store/signal-store.ts";
import type { QueryRange } from "./query-range.ts";

/** A series as it stands in memory, in the database, or both. */
export interface FoundSeries {
  name: SeriesName;
  kind: SignalKind;
  inMemory?: Series;
  /** Its number in the database. */
  stored?: number;
}

/** Finds the series of a signal; `deployment` and `detail` only where given. */
export function findSeries(
  { table, database }: SignalStore,
  wanted: { app: string; environment: string; signal: string; deployment?: string; detail?: string },
): FoundSeries[] {
  const found = new Map<string, FoundSeries>();
  const fits = (name: SeriesName) =>
    name.signal === wanted.signal &&
    name.environment === wanted.environment &&
    (wanted.deployment === undefined || name.deployment === wanted.deployment) &&
    (wanted.detail === undefined || name.detail === wanted.detail);
  const { app, environment, signal } = wanted;
  for (const { id, name, kind } of database.series({ app, environment, signal })) {
    if (fits(name)) found.set(seriesKey(name), { name, kind, stored: id });
  }
  for (const series of table.of(app)) {
    if (!fits(series.name)) continue;
    const key = seriesKey(series.name);
    const { name, kind } = series;
    found.set(key, { ...found.get(key), name, kind, inMemory: series });
  }
  return [...found.values()];
}

/** Tells each point of the series within the range, in order, with the beginning of the time it is of. */
export function readSeries(
  { database }: SignalStore,
  series: FoundSeries,
  { parts }: QueryRange,
  visit: (atMs: number, point: Point) => void,
): void {
  for (const { level, fromMs, toMs } of parts) {
    const tell = (startMs: number, points: readonly (Point | undefined)[]) => {
      points.forEach((point, index) => {
        const atMs = startMs + index * level.stepMs;
        if (point !== undefined && atMs >= fromMs && atMs < toMs) visit(atMs, point);
      });
    };
    if (level !== seconds) {
      if (series.stored === undefined) continue;
      for (const { startMs, points } of database.chunks(level, series.stored, fromMs, toMs)) {
        tell(startMs, decodeChunk(series.kind, points));
      }
    } else if (series.inMemory) {
      for (let startMs = floorTo(fromMs, level.spanMs); startMs < toMs; startMs += level.spanMs) {
        const points = series.inMemory.minute(startMs);
        if (points) tell(startMs, points);
      }
    }
  }
}
