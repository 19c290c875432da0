import { expect, test } from "bun:test";
import { segmentsOf } from "./segments.ts";

test.each([
  ["a".repeat(160), "GSM-7", 1],
  ["a".repeat(161), "GSM-7", 2],
  ["a".repeat(306), "GSM-7", 2],
  ["a".repeat(307), "GSM-7", 3],
  ["€".repeat(80), "GSM-7", 1],
  ["€".repeat(81), "GSM-7", 2],
  // The two septets of € do not fit into the last one of a part: 152 + 2 > 153.
  [`${"a".repeat(152)}€${"a".repeat(151)}`, "GSM-7", 2],
  [`${"a".repeat(152)}€${"a".repeat(152)}`, "GSM-7", 3],
  ["я".repeat(70), "UCS-2", 1],
  ["я".repeat(71), "UCS-2", 2],
  ["😀".repeat(35), "UCS-2", 1],
  ["😀".repeat(36), "UCS-2", 2],
  ["’".repeat(1), "UCS-2", 1],
  ["", "GSM-7", 1],
])("%# text is counted as Twilio does", (text, encoding, count) => {
  expect(segmentsOf(text as string)).toEqual({ encoding: encoding as "GSM-7", count: count as number });
});
