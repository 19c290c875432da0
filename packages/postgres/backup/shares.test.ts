import { expect, test } from "bun:test";
import { Shares } from "./shares.ts";

test("each taker has a stretch of his own first, and all is taken once", () => {
  const items = Array.from({ length: 11 }, (_, index) => index);
  const shares = new Shares(items, 2);
  expect([shares.take(0), shares.take(0), shares.take(1)]).toEqual([0, 1, 6]);
  const rest: (number | undefined)[] = [];
  for (let item = shares.take(1); item !== undefined; item = shares.take(1)) rest.push(item);
  expect(rest.slice(0, 4)).toEqual([7, 8, 9, 10]);
  expect([0, 1, 6, ...rest].sort((a, b) => a! - b!)).toEqual(items);
  expect(shares.take(0)).toBeUndefined();
});

test("more takers than items, and none at all", () => {
  const shares = new Shares(["one"], 4);
  expect([0, 1, 2, 3].map((taker) => shares.take(taker)).filter(Boolean)).toEqual(["one"]);
  expect(new Shares([], 2).take(1)).toBeUndefined();
});
