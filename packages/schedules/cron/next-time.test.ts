import { expect, test } from "bun:test";
import { isTimezone, nextTime } from "./next-time.ts";

/** In UTC, all from `from` up to `to`. */
function times(cron: string, timezone: string, from: string, to: string): string[] {
  const all: string[] = [];
  for (let at = nextTime({ cron, timezone }, Date.parse(from)); at !== undefined && at <= Date.parse(to); ) {
    all.push(new Date(at).toISOString().slice(5, 16));
    at = nextTime({ cron, timezone }, at);
  }
  return all;
}

test("a time is after the moment asked about, never that moment itself", () => {
  const noon = Date.UTC(2026, 0, 1, 12);
  expect(nextTime({ cron: "0 12 * * *", timezone: "UTC" }, noon)).toBe(noon + 86_400_000);
  expect(nextTime({ cron: "0 12 * * *", timezone: "UTC" }, noon - 1)).toBe(noon);
});

// New York: 8 March 2026, 02:00 → 03:00; 1 November 2026, 02:00 → 01:00.
test("where the clock jumps ahead, a daily time that it jumps over comes right after the jump, once", () => {
  expect(times("30 2 * * *", "America/New_York", "2026-03-07T00:00Z", "2026-03-09T12:00Z")).toEqual([
    "03-07T07:30",
    "03-08T07:00",
    "03-09T06:30",
  ]);
});

test("where the clock goes back, a daily time comes at the first of its two moments only", () => {
  expect(times("30 1 * * *", "America/New_York", "2026-10-31T00:00Z", "2026-11-02T12:00Z")).toEqual([
    "10-31T05:30",
    "11-01T05:30",
    "11-02T06:30",
  ]);
});

test("a list of hours counts as fixed times, too", () => {
  expect(times("30 1,13 * * *", "America/New_York", "2026-11-01T00:00Z", "2026-11-02T00:00Z")).toEqual([
    "11-01T05:30",
    "11-01T18:30",
  ]);
});

test("what repeats goes on by real time through both changes", () => {
  expect(times("*/30 * * * *", "America/New_York", "2026-03-08T06:00Z", "2026-03-08T08:00Z")).toEqual([
    "03-08T06:30",
    "03-08T07:00",
    "03-08T07:30",
    "03-08T08:00",
  ]);
  expect(times("*/30 * * * *", "America/New_York", "2026-11-01T05:00Z", "2026-11-01T07:00Z")).toEqual([
    "11-01T05:30",
    "11-01T06:00",
    "11-01T06:30",
    "11-01T07:00",
  ]);
});

test("a change of half an hour, and one that takes a whole day away, lose and double nothing", () => {
  // Lord Howe: 4 October 2026, 02:00 → 02:30.
  expect(times("15 2 * * *", "Australia/Lord_Howe", "2026-10-02T20:00Z", "2026-10-05T00:00Z")).toEqual([
    "10-03T15:30",
    "10-04T15:15",
  ]);
  // Samoa had no 30 December 2011.
  const all = times("0 9 * * *", "Pacific/Apia", "2011-12-28T00:00Z", "2012-01-02T00:00Z");
  expect(new Set(all).size).toBe(all.length);
  expect(all.at(-1)).toBe("01-01T19:00");
});

test("zones are IANA's names, and offsets are none", () => {
  expect(["UTC", "Europe/Berlin", "America/Argentina/Ushuaia"].every(isTimezone)).toBe(true);
  expect(["", "Mars/Olympus", "+02:00", "Europe/Berlin;", "../etc"].some(isTimezone)).toBe(false);
});
