import { expect, test } from "bun:test";
import { formatLsn, type Lsn, parseLsn, segmentName } from "../wal/lsn.ts";
import { parseTimelineHistory } from "../wal/timeline-history.ts";
import { archivedEnd, joinTail, type WalInventory, walCoverage } from "./wal-inventory.ts";

const at = (segment: number, timeline = 1) => segmentName(timeline, (BigInt(segment) * 0x100_0000n) as Lsn);
const part = (fromByte: number, toByte: number) => ({ name: `${fromByte}`, fromByte, toByte });

function inventory(changes: Partial<WalInventory>): WalInventory {
  return {
    segments: new Set(),
    tails: new Map(),
    histories: new Map([[1, parseTimelineHistory(1, "")]]),
    begunMs: new Map(),
    ...changes,
  };
}

test("coverage goes through complete segments into the newest tail", () => {
  const found = inventory({
    segments: new Set([at(1), at(2)]),
    tails: new Map([[at(3), [part(0, 100), part(100, 250)]]]),
  });
  const coverage = walCoverage(found, 1, parseLsn("0/1000028"));
  expect(coverage.pieces.map((piece) => piece.segment)).toEqual([at(1), at(2), at(3)]);
  expect(formatLsn(coverage.end)).toBe("0/30000FA");
  expect(coverage.gap).toBe(false);
  expect(archivedEnd(found)).toEqual({ timeline: 1, start: parseLsn("0/3000000") });
});

test("a missing segment ends coverage and is a gap, a missing newest one is not", () => {
  const holed = inventory({ segments: new Set([at(1), at(3)]) });
  expect(walCoverage(holed, 1, parseLsn("0/1000000"))).toMatchObject({
    end: parseLsn("0/2000000"),
    gap: true,
  });
  expect(walCoverage(holed, 1, parseLsn("0/3000000"))).toMatchObject({
    end: parseLsn("0/4000000"),
    gap: false,
  });
});

test("after a switch within a segment the newer timeline's copy of it is taken", () => {
  const found = inventory({
    segments: new Set([at(1), at(2), at(3), at(2, 2)]),
    tails: new Map([[at(3, 2), [part(0, 64)]]]),
    histories: new Map([
      [1, parseTimelineHistory(1, "")],
      [2, parseTimelineHistory(2, "1\t0/2000100\tno recovery target specified\n")],
    ]),
  });
  const along = (timeline: number) =>
    walCoverage(found, timeline, parseLsn("0/1000000")).pieces.map((piece) => piece.segment);
  expect(along(2)).toEqual([at(1), at(2, 2), at(3, 2)]);
  expect(along(1)).toEqual([at(1), at(2), at(3)]);
});

test("tail parts that overlap join, parts behind a hole do not count", () => {
  expect(joinTail([part(0, 10), part(0, 40), part(30, 60), part(70, 90)])).toMatchObject({
    bytes: 60,
    parts: [part(0, 40), part(30, 60)],
  });
  expect(joinTail([part(5, 10)]).bytes).toBe(0);
});
