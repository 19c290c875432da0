import { expect, test } from "bun:test";
import { median, percentile, ratios } from "./statistics.ts";

test("the median is the middle value, or the mean of the two in the middle", () => {
  expect(median([9, 1, 5])).toBe(5);
  expect(median([10, 1, 2, 3])).toBe(2.5);
  expect(median([])).toBeNaN();
});

test("a percentile is a measured value that the share does not exceed", () => {
  const hundred = Array.from({ length: 100 }, (_, index) => 100 - index);
  expect(percentile(hundred, 0.99)).toBe(99);
  expect(percentile(hundred, 0.5)).toBe(50);
  expect(percentile([7], 0.99)).toBe(7);
  expect(percentile([7, 3], 0)).toBe(3);
  expect(percentile([], 0.5)).toBeNaN();
});

test("ratios are of the same round, so a slow round of the machine slows both sides", () => {
  expect(median(ratios([100, 10, 120], [50, 5, 60]))).toBe(2);
});
