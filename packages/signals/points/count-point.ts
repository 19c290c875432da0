import type { PointKind } from "./point-kind.ts";

export const countPoint: PointKind<number> = {
  merge: (into, point) => (into ?? 0) + point,
  write: (writer, point) => writer.number(point),
  read: (reader) => reader.number(),
};
