import { expect, test } from "bun:test";
import { dueClause, lastDueMs, nextDueMs, parseBackupClause } from "./backup-schedule.ts";

const dayMs = 86_400_000;

test("the clauses of runbooks are read", () => {
  expect(parseBackupClause("daily 02:00 UTC, 30 days")).toEqual({
    kind: "daily",
    minuteOfDay: 120,
    keepMs: 30 * dayMs,
  });
  expect(parseBackupClause("weekly Sunday 01:00 UTC, 12 weeks")).toEqual({
    kind: "weekly",
    weekday: 0,
    minuteOfDay: 60,
    keepMs: 84 * dayMs,
  });
  expect(parseBackupClause("continuous, keep 7d")).toEqual({ kind: "continuous", keepMs: 7 * dayMs });
});

test.each([
  "daily 02:00, 30 days",
  "daily 25:00 UTC, 30 days",
  "weekly Someday 01:00 UTC, 2 weeks",
  "hourly, 3 days",
  "daily 02:00 UTC",
])("%p is refused with examples", (text) => {
  expect(() => parseBackupClause(text)).toThrow(
    expect.objectContaining({
      code: "invalid_value",
      hint: expect.stringContaining("daily 02:00 UTC, 30 days"),
    }),
  );
});

test.each([
  ["daily 02:00 UTC, 1 day", "2026-03-29T02:00:00Z", "2026-03-29T02:00:00Z", "2026-03-30T02:00:00Z"],
  ["daily 02:00 UTC, 1 day", "2026-03-29T01:59:59Z", "2026-03-28T02:00:00Z", "2026-03-29T02:00:00Z"],
  // A Wednesday, and a Sunday just before and at the hour.
  ["weekly Sunday 01:00 UTC, 1 week", "2026-03-04T10:00:00Z", "2026-03-01T01:00:00Z", "2026-03-08T01:00:00Z"],
  ["weekly Sunday 01:00 UTC, 1 week", "2026-03-08T00:59:00Z", "2026-03-01T01:00:00Z", "2026-03-08T01:00:00Z"],
  ["weekly Sunday 01:00 UTC, 1 week", "2026-03-08T01:00:00Z", "2026-03-08T01:00:00Z", "2026-03-15T01:00:00Z"],
])("%s at %s was due at %s and is again at %s", (text, now, last, next) => {
  const clause = parseBackupClause(text);
  expect(lastDueMs(clause, Date.parse(now))).toBe(Date.parse(last));
  expect(nextDueMs(clause, Date.parse(now))).toBe(Date.parse(next));
});

test("of two clauses that are due, the one that keeps longest is served first, and its backup serves both", () => {
  const daily = parseBackupClause("daily 02:00 UTC, 30 days");
  const weekly = parseBackupClause("weekly Sunday 01:00 UTC, 12 weeks");
  const clauses = [daily, parseBackupClause("continuous, 7 days"), weekly];
  const at = (text: string) => Date.parse(text);
  const now = at("2026-03-08T03:00:00Z");
  expect(dueClause(clauses, [], now)).toEqual(weekly as never);
  const taken = [{ label: "weekly", startedMs: at("2026-03-08T02:30:00Z") }];
  expect(dueClause(clauses, taken, now)).toBeUndefined();
  expect(dueClause(clauses, taken, at("2026-03-09T02:00:00Z"))).toEqual(daily as never);
  // A daily one is not kept for twelve weeks, a manual one answers to no clause.
  const others = [
    { label: "daily", startedMs: now },
    { label: "manual", startedMs: now },
  ];
  expect(dueClause(clauses, others, now)).toEqual(weekly as never);
});
