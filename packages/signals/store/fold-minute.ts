import { decodeChunk, encodeChunk, mergePoints, type Point } from "../points/chunk.ts";
import { floorTo, hours, type Level, minutes, seconds } from "./levels.ts";
import type { Series } from "./series.ts";
import type { SeriesTable } from "./series-table.ts";
import type { SignalDatabase } from "./signal-database.ts";

/**
 * Writes the minute that begins at `startMs` of every series that has it open, in one transaction: its seconds, the minute's point in
 * its hour, and the hour's point in its day, each made anew from all that is below it. Doing so twice, or after a crash, gives the same.
 */
export function foldMinute(database: SignalDatabase, table: SeriesTable, startMs: number): void {
  const folded: [Series, Uint8Array][] = [];
  database.transaction(() => {
    for (const series of table.of()) {
      const points = series.open.get(startMs);
      if (!points) continue;
      const id = database.touchSeries(series.name, series.kind, startMs);
      const bytes = series.encodeMinute(startMs);
      database.putChunk(seconds, id, startMs, bytes);
      const ofMinute = mergePoints(series.kind, points);
      if (ofMinute === undefined) continue;
      const ofHour = put(database, series, id, minutes, startMs, ofMinute);
      put(database, series, id, hours, startMs, ofHour);
      folded.push([series, bytes]);
    }
    database.dropJournal(startMs);
  });
  for (const [series, bytes] of folded) series.fold(startMs, bytes);
}

/** Puts the point of the step that `atMs` is in into its chunk; returns what the whole chunk comes to. */
function put(
  database: SignalDatabase,
  { kind }: Series,
  id: number,
  level: Level,
  atMs: number,
  point: Point,
): Point {
  const startMs = floorTo(atMs, level.spanMs);
  const known = database.chunk(level, id, startMs);
  const points = known ? decodeChunk(kind, known) : [];
  points[(floorTo(atMs, level.stepMs) - startMs) / level.stepMs] = point;
  database.putChunk(level, id, startMs, encodeChunk(kind, points));
  return mergePoints(kind, points)!;
}
