import { expect, test } from "bun:test";
import { CrashBackOff } from "./crash-back-off.ts";

test("the first crash costs nothing, the next ones ever more, and ten sound minutes are a new beginning", () => {
  const backOff = new CrashBackOff();
  const waits = Array.from({ length: 8 }, () => backOff.crashed(1_000));
  expect(waits).toEqual([0, 10_000, 20_000, 40_000, 80_000, 160_000, 300_000, 300_000]);
  expect(backOff.crashed(600_000)).toBe(0);
  expect(backOff.crashed(0)).toBe(10_000);
});
