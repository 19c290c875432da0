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
  fc.assert(
    fc.property(steps, fc.integer({ min: 1, max: 20 }), (given, windowS) => {
      const track = new Track(20);
      const seen = new Map<number, number>();
      let second = 1_000;
      for (const { gap, value } of given) {
        second += gap;
        track.add(second, value);
        seen.set(second, (seen.get(second) ?? 0) + value);
      }
      const window = [...seen].filter(([at]) => at > second - windowS && at <= second);
      expect(track.over(second - windowS, second)).toEqual({
        sum: window.reduce((sum, [, value]) => sum + value, 0),
        knownS: window.length,
      });
    }),
    { numRuns },
  );
}, 60_000);
