import { expect, test } from "bun:test";
import { BackOff } from "./back-off.ts";
import { hasMemoryFor, scaledMemoryMb, shouldStart, sufficientInstances } from "./scaling.ts";

const view = { ready: 0, starting: 0, waiting: 1, sinceReadyMs: Number.POSITIVE_INFINITY, maxInstances: 3 };

test.each([
  ["nothing runs", {}, true],
  ["one is starting", { starting: 1 }, false],
  ["far more wait than the starting one can take", { starting: 1, waiting: 101 }, true],
  ["all ready ones are busy", { ready: 1, sinceReadyMs: 5_000 }, true],
  ["the need crossed the news of the one that answers it", { ready: 1, sinceReadyMs: 50 }, false],
  ["the limit is reached", { ready: 2, starting: 1, waiting: 500, sinceReadyMs: 5_000 }, false],
])("whether one more is started when %s", (_, change, expected) => {
  expect(shouldStart({ ...view, ...change })).toBe(expected);
});

test("one instance always suffices for little load, and more are kept only for a load that fills them", () => {
  expect(sufficientInstances(0)).toBe(1);
  expect(sufficientInstances(60)).toBe(1);
  expect(sufficientInstances(61)).toBe(2);
});

test("starts in progress count against the memory budget", () => {
  const gibibyte = 1024 ** 3;
  expect(hasMemoryFor({ budgetBytes: gibibyte, usedBytes: gibibyte * 0.8, starting: 0 })).toBe(true);
  expect(hasMemoryFor({ budgetBytes: gibibyte, usedBytes: gibibyte * 0.8, starting: 1 })).toBe(false);
});

test("pauses double up to 30 s and begin anew after a sound run", () => {
  const backOff = new BackOff();
  const pauses = Array.from({ length: 9 }, () => {
    backOff.failed(0, 0);
    return backOff.remainingMs(0);
  });
  expect(pauses).toEqual([250, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
  backOff.failed(0, 60_000);
  expect(backOff.remainingMs(100)).toBe(150);
  expect(backOff.remainingMs(300)).toBe(0);
});

test("memory is as much as is asked for, or more where an environment was given more, up to its limit", () => {
  expect(scaledMemoryMb(1_024, undefined)).toBe(1_024);
  expect(scaledMemoryMb(1_024, { factor: 2, mostMb: 4_096 })).toBe(2_048);
  expect(scaledMemoryMb(1_024, { factor: 8, mostMb: 4_096 })).toBe(4_096);
  expect(scaledMemoryMb(2_048, { factor: 2, mostMb: 1_024 })).toBe(2_048);
});
