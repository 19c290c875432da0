import type { Histogram, SignalKind } from "@evenkeel/model";
import { ByteReader } from "./byte-reader.ts";
import { ByteWriter } from "./byte-writer.ts";
import { countPoint } from "./count-point.ts";
import { type GaugeLevels, gaugePoint } from "./gauge-point.ts";
import { histogramPoint } from "./histogram-point.ts";
import type { PointKind } from "./point-kind.ts";

/** By kind of the signal: `number` for counts. */
export type Point = number | GaugeLevels | Histogram;

/** By second of a minute, minute of an hour, or hour of a day; a hole is where nothing was measured. */
export type Points = (Point | undefined)[];

export const pointKinds = {
  count: countPoint,
  gauge: gaugePoint,
  histogram: histogramPoint,
} as unknown as Record<SignalKind, PointKind<Point>>;

/** Points as bytes: for each that is there, the holes before it and itself. A minute of requests takes about 150 bytes. */
export function encodeChunk(kind: SignalKind, points: Points): Uint8Array {
  const writer = new ByteWriter();
  const { write } = pointKinds[kind];
  let next = 0;
  points.forEach((point, index) => {
    if (point === undefined) return;
    writer.varint(index - next);
    write(writer, point);
    next = index + 1;
  });
  return writer.take();
}

/** @throws RangeError where the bytes are no chunk of this kind */
export function decodeChunk(kind: SignalKind, bytes: Uint8Array): Points {
  const reader = new ByteReader(bytes);
  const { read } = pointKinds[kind];
  const points: Points = [];
  let index = 0;
  while (!reader.atEnd) {
    index += reader.varint();
    // The widest chunk has sixty: another number comes from bytes that are none.
    if (index >= 60) throw new RangeError("The points are beyond their chunk");
    points[index++] = read(reader);
  }
  return points;
}

/** All points as one; undefined where there are none. */
export function mergePoints(kind: SignalKind, points: Points): Point | undefined {
  const { merge } = pointKinds[kind];
  let merged: Point | undefined;
  for (const point of points) if (point !== undefined) merged = merge(merged, point);
  return merged;
}
