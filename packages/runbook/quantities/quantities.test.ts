import { expect, test } from "bun:test";
import { readAmount } from "./amount.ts";
import { readCalendar } from "./calendar.ts";
import { readDurationMs, readLongestMs } from "./duration.ts";

test.each([
  ["5 minutes", 300_000],
  ["30s", 30_000],
  ["1h30m", 5_400_000],
  ["7_days", 7 * 86_400_000],
  ["12 weeks", 84 * 86_400_000],
  ["1_year", 366 * 86_400_000],
  ["3 months", 93 * 86_400_000],
  ["< 5 minutes", 300_000],
  ["within 2 hours", 7_200_000],
])("a duration as people write it: %s", (text, ms) => expect(readDurationMs(text)).toBe(ms));

test("of a range the longer time counts", () => expect(readLongestMs("15-30 minutes")).toBe(1_800_000));

test.each(["soon", "5", "five minutes", "", "-3 s"])("%p is no duration", (text) =>
  expect(() => readDurationMs(text)).toThrow("is no duration"),
);

test.each([
  ["5%", "share", 0.05],
  [80, "share", 0.8],
  ["10 percent", "share", 0.1],
  ["3s", "ms", 3_000],
  [2000, "ms", 2_000],
  ["1GB max", "bytes", 1024 ** 3],
  ["512MB", "bytes", 512 * 1024 ** 2],
  ["180k", "count", 180_000],
  ["80% of 180k", "count", 144_000],
  ["6000 per minute", "per_second", 100],
  ["100 req/s", "per_second", 100],
  ["$50", "micro_usd", 50_000_000],
] as const)("an amount with its unit: %p as %s", (text, unit, amount) =>
  expect(readAmount(text, unit)).toBeCloseTo(amount, 9),
);

test("an amount of another unit is refused with an example", () =>
  expect(() => readAmount("3 apples", "share")).toThrow("is no percentage"));

test.each([
  ["02:00 UTC", "0 2 * * *", "UTC"],
  ["daily 02:00 UTC", "0 2 * * *", "UTC"],
  ["Sunday 01:00 UTC", "0 1 * * 0", "UTC"],
  ["daily 04:30 Europe/Berlin", "30 4 * * *", "Europe/Berlin"],
  ["every 15 minutes", "*/15 * * * *", "UTC"],
  ["weekly", "0 2 * * 0", "UTC"],
  ["0 9 * * *", "0 9 * * *", "UTC"],
])("times that come again: %s", (text, cron, timezone) =>
  expect(readCalendar(text)).toEqual({ cron, timezone }),
);

test.each(["25:00 UTC", "Someday 01:00 UTC", "61 * * * *", "now and then"])("%p comes never again", (text) =>
  expect(() => readCalendar(text)).toThrow("is no time that comes again"),
);
