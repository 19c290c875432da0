import { expect, test } from "bun:test";
import { formatDuration, formatSize, parseDurationMs, parsePercent, parseSizeBytes } from "./units.ts";

test.each([
  ["500ms", 500],
  ["15 min", 900_000],
  ["1h30m", 5_400_000],
  ["7d", 604_800_000],
  ["1.5s", 1_500],
])("duration %s", (text, ms) => expect(parseDurationMs(text)).toBe(ms));

test.each(["", "10", "s", "5 parsecs", "1h!", "-3s"])("duration %p is refused", (text) => {
  expect(() => parseDurationMs(text)).toThrow("cannot be read");
});

test.each([
  [512, "512 B"],
  [1_536, "1.5 KiB"],
  [70 * 1024 ** 2, "70 MiB"],
])("size %d reads %s", (bytes, text) => expect(formatSize(bytes)).toBe(text));

test("sizes and percentages are read", () => {
  expect(parseSizeBytes("2GiB")).toBe(2 * 1024 ** 3);
  expect(parseSizeBytes("64k")).toBe(65_536);
  expect(parsePercent("0.5 %")).toBe(0.005);
  expect(() => parsePercent("80")).toThrow("cannot be read");
});

test.each([
  [90, "90 ms"],
  [4_230, "4.2 s"],
  [59_999, "1 min"],
  [185_000, "3 min 5 s"],
  [7_800_000, "2 h 10 min"],
  [86_400_000, "1 d"],
])("%d ms reads %s", (ms, text) => expect(formatDuration(ms)).toBe(text));
