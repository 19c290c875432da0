import { expect, test } from "bun:test";
import { Random } from "./random.ts";

test("a seed always gives the same numbers, and another gives others", () => {
  const drawn = (seed: number) => {
    const random = new Random(seed);
    return [random.share(), random.integer(1, 1_000), random.shuffled([1, 2, 3, 4, 5, 6])];
  };
  expect(drawn(7)).toEqual(drawn(7));
  expect(drawn(7)).not.toEqual(drawn(8));
});

test("numbers stay within their bounds, and all of them come", () => {
  const random = new Random(1);
  const seen = new Set(Array.from({ length: 1_000 }, () => random.integer(3, 7)));
  expect([...seen].sort()).toEqual([3, 4, 5, 6, 7]);
  expect(random.shuffled([1, 2, 3, 4]).sort()).toEqual([1, 2, 3, 4]);
});
