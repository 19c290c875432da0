import { expect, test } from "bun:test";
import { Histogram } from "@evenkeel/model";
import { compareReleases } from "./compare-releases.ts";
import { decideStep } from "./decide-step.ts";
import { ReleaseTally } from "./release-tally.ts";

interface Second {
  requests: number;
  errors?: number;
  ms?: number;
}

/** Measures of so many seconds, from what each says. */
function tally(seconds: number, second: (at: number) => Second): ReleaseTally {
  const made = new ReleaseTally();
  for (let at = 0; at < seconds; at++) {
    const { requests, errors = 0, ms = 20 } = second(at);
    const latency = new Histogram();
    latency.record(ms, requests);
    made.add({ counts: { requests, errors }, histograms: { latency: latency.toJSON() } }, at * 1_000);
  }
  return made;
}

const sound = tally(120, () => ({ requests: 100 }));
const verdict = (canary: ReleaseTally, current = sound) => {
  const { verdict, fails } = compareReleases(current, canary);
  return fails ? "fails" : verdict;
};

test("a canary that fails is known by its first five failures, and one that does not is not taken for one", () => {
  expect(verdict(tally(1, () => ({ requests: 4, errors: 4 })))).toBe("unknown");
  expect(verdict(tally(1, () => ({ requests: 5, errors: 5 })))).toBe("fails");
  expect(verdict(tally(60, () => ({ requests: 10, errors: 1 })))).toBe("fails");
  expect(verdict(tally(60, (at) => ({ requests: 10, errors: at % 10 === 0 ? 1 : 0 })))).toBe("healthy");
  // Both fail alike: the new version is not to blame.
  const failing = tally(120, () => ({ requests: 100, errors: 20 }));
  expect(
    verdict(
      tally(60, () => ({ requests: 10, errors: 2 })),
      failing,
    ),
  ).toBe("healthy");
});

test("too few requests on either side are unknown, and that is not health", () => {
  expect(verdict(tally(0, () => ({ requests: 0 })))).toBe("unknown");
  expect(verdict(tally(1, () => ({ requests: 49 })))).toBe("unknown");
  expect(verdict(tally(1, () => ({ requests: 50 })))).toBe("healthy");
  expect(
    verdict(
      tally(1, () => ({ requests: 500 })),
      tally(1, () => ({ requests: 3 })),
    ),
  ).toBe("unknown");
});

test("a canary that is slow is worse, one that stalled once for ten seconds is not", () => {
  expect(verdict(tally(60, () => ({ requests: 10, ms: 400 })))).toBe("worse");
  expect(verdict(tally(120, (at) => ({ requests: 10, ms: at >= 40 && at < 50 ? 9_000 : 20 })))).toBe(
    "healthy",
  );
  expect(verdict(tally(120, (at) => ({ requests: 10, ms: at % 5 === 0 ? 9_000 : 20 })))).toBe("worse");
  // Twice as slow as almost nothing is nothing that anybody would notice.
  expect(verdict(tally(60, () => ({ requests: 10, ms: 90 })))).toBe("healthy");
});

test("noise is not taken for a fault: of 2,000 sound canaries with one percent of errors none fails", () => {
  let state = 1;
  const random = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  const errorsOf = (requests: number) =>
    Array.from({ length: requests }, random).filter((x) => x < 0.01).length;
  const noisy = tally(60, () => ({ requests: 100, errors: errorsOf(100) }));
  let failed = 0;
  for (let run = 0; run < 2_000; run++) {
    const canary = new ReleaseTally();
    let fails = false;
    for (let at = 0; at < 20; at++) {
      canary.add({ counts: { requests: 20, errors: errorsOf(20) } }, at * 1_000);
      fails ||= compareReleases(noisy, canary).fails;
    }
    if (fails) failed++;
  }
  // The bound allows one in two thousand a look; the draws are fixed.
  expect(failed).toBeLessThanOrEqual(2);
});

test("a step ends by its time and by health, a way back by its time alone, and a held one by nobody but a person", () => {
  const judged = (canary: ReleaseTally) => compareReleases(sound, canary);
  const healthy = judged(tally(1, () => ({ requests: 50 })));
  const unknown = judged(tally(1, () => ({ requests: 1 })));
  const slow = judged(tally(60, () => ({ requests: 10, ms: 400 })));
  const failing = judged(tally(1, () => ({ requests: 9, errors: 9 })));
  const facts = { kind: "deploy", isHeld: false, elapsedMs: 10, durationMs: 10 } as const;
  expect(decideStep({ ...facts, judgement: healthy })).toEqual({ act: "advance" });
  expect(decideStep({ ...facts, judgement: healthy, elapsedMs: 9 })).toEqual({
    act: "stay",
    waitsFor: "time",
  });
  expect(decideStep({ ...facts, judgement: unknown })).toEqual({ act: "stay", waitsFor: "requests" });
  expect(decideStep({ ...facts, judgement: unknown, kind: "rollback" })).toEqual({ act: "advance" });
  expect(decideStep({ ...facts, judgement: slow, elapsedMs: 9 }).act).toBe("stay");
  expect(decideStep({ ...facts, judgement: slow }).act).toBe("abort");
  expect(decideStep({ ...facts, judgement: healthy, isHeld: true })).toEqual({
    act: "stay",
    waitsFor: "person",
  });
  expect(decideStep({ ...facts, judgement: healthy, durationMs: null }).act).toBe("stay");
  for (const stays of [{ isHeld: true }, { durationMs: null }, { elapsedMs: 0 }])
    expect(decideStep({ ...facts, ...stays, judgement: failing })).toEqual({
      act: "abort",
      reason: expect.stringContaining("fails more often"),
    });
});
