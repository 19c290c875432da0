import { expect, test } from "bun:test";
import { verificationDue } from "./verification-due.ts";

const hourMs = 3_600_000;
const weekMs = 7 * 24 * hourMs;
const start = 1_000 * weekMs;
const passed = (startedMs: number) => ({ startedMs, verdict: "passed" as const });

/** The hours of four weeks in which a database is verified. */
function hoursOf(id: string): number[] {
  const hours: number[] = [];
  let last: ReturnType<typeof passed> | undefined;
  for (let hour = 0; hour < 4 * 7 * 24; hour++) {
    const nowMs = start + hour * hourMs;
    if (!verificationDue({ id, createdAtMs: start }, last, nowMs)) continue;
    hours.push(hour);
    last = passed(nowMs);
  }
  return hours;
}

test("each database is verified once a week, at a moment of its own", () => {
  const all = ["a1", "b2", "c3", "d4"].map(hoursOf);
  for (const hours of all) {
    expect(hours.length).toBe(4);
    expect(new Set(hours.slice(1).map((hour, index) => hour - hours[index]!))).toEqual(new Set([7 * 24]));
  }
  expect(new Set(all.map(([first]) => first)).size).toBeGreaterThan(1);
});

const database = { id: "a1", createdAtMs: start };

test("it is verified as often as somebody wants, or never", () => {
  const later = start + 25 * hourMs;
  expect(verificationDue({ ...database, verifyEveryDays: 1 }, passed(start), later)).toBe(true);
  expect(verificationDue({ ...database, verifyEveryDays: 1 }, passed(later), later)).toBe(false);
  expect(verificationDue({ ...database, verifyEveryDays: 0 }, undefined, start + 5 * weekMs)).toBe(false);
});

test("what was slept through is made up for once, and a failure is tried again after a day", () => {
  const later = start + 5 * weekMs;
  expect(verificationDue(database, passed(start), later)).toBe(true);
  expect(verificationDue(database, passed(later), later + 1)).toBe(false);
  const failed = { startedMs: later, verdict: "failed" as const };
  expect(verificationDue(database, failed, later + 23 * hourMs)).toBe(false);
  expect(verificationDue(database, failed, later + 24 * hourMs)).toBe(true);
});
