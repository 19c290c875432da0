import assert from "node:assert/strict";
import { test } from "node:test";
import { dayFault, daysOf, isQuiet, isTimeZone, localOf, momentOf, ruleFault } from "./recurrence.ts";

test("a monthly rule on the 31st skips months without one, 29 February comes in leap years", () => {
  assert.deepEqual(daysOf({ startsOn: "2026-01-31", rrule: "FREQ=MONTHLY" }, "2026-01-01", "2026-06-01"), [
    "2026-01-31",
    "2026-03-31",
    "2026-05-31",
  ]);
  assert.deepEqual(daysOf({ startsOn: "2024-02-29", rrule: "FREQ=YEARLY" }, "2025-01-01", "2033-01-01"), [
    "2028-02-29",
    "2032-02-29",
  ]);
});

test("rules begin with their first day and keep to COUNT, UNTIL and BYDAY", () => {
  assert.deepEqual(
    daysOf({ startsOn: "2026-03-02", rrule: "FREQ=DAILY;COUNT=2" }, "2026-01-01", "2026-12-31"),
    ["2026-03-02", "2026-03-03"],
  );
  assert.deepEqual(
    daysOf({ startsOn: "2026-03-02", rrule: "FREQ=WEEKLY;BYDAY=MO,WE" }, "2026-03-03", "2026-03-10"),
    ["2026-03-04", "2026-03-09"],
  );
  assert.deepEqual(daysOf({ startsOn: "2026-03-02", rrule: null }, "2026-03-01", "2026-03-05"), [
    "2026-03-02",
  ]);
  assert.deepEqual(daysOf({ startsOn: "2026-03-02", rrule: "FREQ=DAILY" }, "2026-01-01", "2026-02-01"), []);
});

test("a local time that the clocks leave out comes an hour later, one that they show twice comes once", () => {
  assert.equal(momentOf("2026-03-29", "02:30", "Europe/Berlin").toISOString(), "2026-03-29T01:30:00.000Z");
  assert.equal(momentOf("2026-10-25", "02:30", "Europe/Berlin").toISOString(), "2026-10-25T00:30:00.000Z");
  assert.equal(momentOf("2026-03-08", "02:30", "America/New_York").toISOString(), "2026-03-08T07:30:00.000Z");
  assert.deepEqual(localOf(new Date("2026-03-01T23:30:00Z"), "Asia/Kolkata"), {
    day: "2026-03-02",
    time: "05:00",
  });
});

test("rules and days that cannot be are named", () => {
  assert.match(ruleFault("FREQ=HOURLY", "2026-01-01")!, /FREQ must be/);
  assert.match(ruleFault("FREQ=DAILY;BYHOUR=3", "2026-01-01")!, /'BYHOUR' is not known/);
  assert.match(ruleFault("FREQ=DAILY;FREQ=DAILY", "2026-01-01")!, /twice/);
  assert.match(ruleFault("FREQ=DAILY;INTERVAL=0", "2026-01-01")!, /interval/);
  assert.match(ruleFault("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "2026-01-01")!, /No day fits/);
  assert.equal(ruleFault("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29", "2026-01-01"), undefined);
  assert.match(dayFault("2026-02-29")!, /no day/);
  assert.match(dayFault("9999-01-01")!, /after 2200/);
  assert.match(dayFault("tomorrow")!, /like 2026-02-28/);
});

test("quiet hours may pass midnight", () => {
  assert.equal(isQuiet("23:00", "21:00", "07:00"), true);
  assert.equal(isQuiet("06:59", "21:00", "07:00"), true);
  assert.equal(isQuiet("07:00", "21:00", "07:00"), false);
  assert.equal(isQuiet("12:00", "11:00", "13:00"), true);
  assert.equal(isQuiet("12:00", null, null), false);
});

test("time zones are those of the world", () => {
  assert.equal(isTimeZone("Europe/Berlin"), true);
  assert.equal(isTimeZone("Mars/Olympus"), false);
  assert.equal(isTimeZone("+02:00"), false);
});
