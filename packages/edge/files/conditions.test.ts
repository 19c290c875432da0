import { expect, test } from "bun:test";
import { evaluateConditions, rangeStillHolds } from "./conditions.ts";

test.each([
  [undefined, undefined, "proceed"],
  [undefined, '"a"', "not_modified"],
  [undefined, 'W/"a"', "not_modified"],
  [undefined, '"x", W/"a" ,"y"', "not_modified"],
  [undefined, '"x,y", "b"', "proceed"],
  [undefined, " * ", "not_modified"],
  [undefined, "a", "proceed"],
  ['"a"', undefined, "proceed"],
  ['"x", "a"', undefined, "proceed"],
  ["*", undefined, "proceed"],
  ['"b"', undefined, "failed"],
  ['W/"a"', undefined, "failed"],
  ['"b"', '"a"', "failed"],
  ['"a"', '"a"', "not_modified"],
])("if-match %p, if-none-match %p", (ifMatch, ifNoneMatch, expected) => {
  expect(evaluateConditions(ifMatch, ifNoneMatch, '"a"')).toBe(expected as never);
});

test.each([
  [undefined, true],
  ['"a"', true],
  ['W/"a"', false],
  ['"b"', false],
  ["Wed, 21 Oct 2026 07:28:00 GMT", false],
])("if-range %p", (ifRange, expected) => expect(rangeStillHolds(ifRange, '"a"')).toBe(expected));
