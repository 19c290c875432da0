import type { PointKind } from "./point-kind.ts";

/** The levels that were seen in some time. */
export interface GaugeLevels {
  /** How many. */
  seen: number;
  sum: number;
  least: number;
  greatest: number;
  last: number;
}

export const gaugeLevel = (level: number): GaugeLevels => ({
  ...{ seen: 1, sum: level, least: level, greatest: level, last: level },
});

export const gaugePoint: PointKind<GaugeLevels> = {
  merge: (into, point) =>
    into === undefined
      ? { ...point }
      : {
          seen: into.seen + point.seen,
          sum: into.sum + point.sum,
          least: Math.min(into.least, point.least),
          greatest: Math.max(into.greatest, point.greatest),
          last: point.last,
        },
  write(writer, { seen, sum, least, greatest, last }) {
    writer.varint(seen);
    writer.number(last);
    // One level is the usual case of a second.
    if (seen > 1) for (const value of [sum, least, greatest]) writer.number(value);
  },
  read(reader) {
    const seen = reader.varint();
    const last = reader.number();
    if (seen === 1) return gaugeLevel(last);
    return { seen, last, sum: reader.number(), least: reader.number(), greatest: reader.number() };
  },
};
