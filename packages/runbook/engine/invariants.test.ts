import { expect, test } from "bun:test";
import fc from "fast-check";
import { brokenInvariant, brokenMonotony, signalSequences } from "../testing/invariants.ts";
import { Track } from "./track.ts";

/** `bench/programs/runbook.ts` runs 100,000. */
const numRuns = 400;

test("no rollback without a breach, none while one cools down, none twice; the same input gives the same", () => {
  fc.assert(
    fc.property(signalSequences, (seconds) => expect(brokenInvariant(seconds)).toBeUndefined()),
    { numRuns },
  );
}, 60_000);

test("worse signals are never told to be better", () => {
  fc.assert(
    fc.property(signalSequences, fc.integer({ min: 0, max: 100 }), (seconds, more) =>
      expect(brokenMonotony(seconds, more)).toBeUndefined(),
    ),
    { numRuns },
  );
}, 60_000);

test("running sums are those of adding up one by one, across gaps and the end of the ring", () => {
  const steps = fc.array(
    fc.record({ gap: fc.integer({ min: 0, max: 9 }), value: fc.integer({ min: 0, max: 50 }) }),
    {
      maxLength: 60,
    },
  );
  const window = fc.record({
    windowS: fc.integer({ min: 1, max: 20 }),
    holds: fc.integer({ min: 1, max: 6 }),
    sinceS: fc.integer({ min: 0, max: 8 }),
  });
  fc.assert(
    fc.property(steps, window, (given, { windowS, holds, sinceS }) => {
      const track = new Track(40, 1, holds);
      const told = new Map<number, number>();
      let second = 1_000;
      for (const { gap, value } of given) {
        second += gap;
        track.add(second, value);
        told.set(second, (told.get(second) ?? 0) + value);
      }
      // Each second's value is what was told last, where that is not too long ago.
      const nowS = second + sinceS;
      const known: number[] = [];
      for (let at = nowS - windowS + 1; at <= nowS; at++) {
        const last = Math.max(...[...told.keys()].filter((each) => each <= at));
        if (at < last + holds) known.push(told.get(last)!);
      }
      expect(track.over(nowS - windowS, nowS)).toEqual({
        sum: known.reduce((sum, value) => sum + value, 0),
        knownS: known.length,
      });
    }),
    { numRuns },
  );
}, 60_000);
