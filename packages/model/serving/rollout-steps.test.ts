import { expect, test } from "bun:test";
import { formatRolloutSteps, parseRolloutSteps } from "./rollout-steps.ts";

const minutes = 60_000;

test("steps are read as people write them", () => {
  expect(parseRolloutSteps("5% for 2 minutes, 25%, 100%")).toEqual([
    { share: 0.05, durationMs: 2 * minutes },
    { share: 0.25, durationMs: 2 * minutes },
  ]);
  expect(parseRolloutSteps("0.5 % for 1h30m,50% until promoted")).toEqual([
    { share: 0.005, durationMs: 90 * minutes },
    { share: 0.5, durationMs: null },
  ]);
  expect(parseRolloutSteps("10%")).toEqual([{ share: 0.1, durationMs: 5 * minutes }]);
  expect(parseRolloutSteps("50% for 10 seconds, 100% for 1 hour")).toEqual([
    { share: 0.5, durationMs: 10_000 },
    { share: 1, durationMs: 60 * minutes },
  ]);
  for (const atOnce of ["none", "100%"]) expect(parseRolloutSteps(atOnce)).toEqual([]);
  expect(formatRolloutSteps(parseRolloutSteps("5% for 2 minutes, 25%"))).toBe(
    "5 % for 2 min, 25 % for 2 min, 100 %",
  );
});

test("steps that are none are refused with what is wrong", () => {
  for (const [text, why] of [
    ["", "is no step"],
    ["5% for 2 minutes, 5%", "is not more than the step before it"],
    ["101%", "at most 100"],
    ["0%", "above 0"],
    ["5 percent", "is no step"],
    ["5% for ever", "Duration"],
    ["5% for 31 days", "longer than 30 days"],
    [Array(21).fill("5%").join(), "more than 20 steps"],
  ] as const)
    expect(() => parseRolloutSteps(text)).toThrow(why);
});
