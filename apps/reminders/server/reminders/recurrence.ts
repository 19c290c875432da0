import { RRuleTemporal } from "rrule-temporal";
import { Temporal } from "temporal-polyfill";

/** Parts of RFC 5545's rules that say on which days; at which times is the reminder's own. */
const parts = new Set([
  "FREQ",
  "INTERVAL",
  "COUNT",
  "UNTIL",
  "BYDAY",
  "BYMONTHDAY",
  "BYMONTH",
  "BYSETPOS",
  "WKST",
]);
const frequencies = new Set(["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]);
/** Nobody plans further; it keeps sums of days small. */
const lastYear = 2200;

/** What is wrong with a rule, in words; nothing if it is good. */
export function ruleFault(rrule: string, startsOn: string): string | undefined {
  const named = rrule.split(";").map((part) => part.split("=")[0]!.toUpperCase());
  const unknown = named.find((name) => !parts.has(name));
  if (unknown !== undefined) return `'${unknown}' is not known here. Known are: ${[...parts].join(", ")}`;
  if (new Set(named).size !== named.length) return "A part is given twice";
  const frequency = /FREQ=([A-Z]+)/i.exec(rrule)?.[1]?.toUpperCase();
  if (!frequency || !frequencies.has(frequency)) return "FREQ must be DAILY, WEEKLY, MONTHLY or YEARLY";
  try {
    // Eight years always have a 29 February; a rule that names no day in them is taken for a mistake.
    const from = Temporal.PlainDate.from(startsOn);
    if (daysOf({ startsOn, rrule }, startsOn, from.add({ years: 8 }).toString(), 1).length === 0) {
      return "No day fits this rule";
    }
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

/** What is wrong with a day: no such day, or beyond what is planned. */
export function dayFault(day: string): string | undefined {
  try {
    if (!/^\d{4}-\d{2}-\d{2}$/.test(day)) return "must be a day like 2026-02-28";
    const { year } = Temporal.PlainDate.from(day, { overflow: "reject" });
    return year > lastYear ? `is after ${lastYear}` : year < 2000 ? "is before 2000" : undefined;
  } catch {
    return "is no day of the calendar";
  }
}

/**
 * The days, `from` and `until` included, on which a reminder is due. Days have no zone: what 29 February or the 31st is does not depend on a clock.
 * A month without the day of a monthly rule has none, as RFC 5545 says.
 */
export function daysOf(
  reminder: { startsOn: string; rrule: string | null },
  from: string,
  until: string,
  limit = 400,
): string[] {
  if (!reminder.rrule)
    return reminder.startsOn >= from && reminder.startsOn <= until ? [reminder.startsOn] : [];
  if (until < reminder.startsOn) return [];
  const rule = new RRuleTemporal({
    rruleString: `DTSTART:${reminder.startsOn.replaceAll("-", "")}T120000Z\nRRULE:${reminder.rrule}`,
  });
  const first = from > reminder.startsOn ? from : reminder.startsOn;
  return rule
    .between(new Date(`${first}T00:00:00Z`), new Date(`${until}T23:59:59Z`), true)
    .slice(0, limit)
    .map((at) => new Date(at.epochMilliseconds).toISOString().slice(0, 10));
}

/**
 * The moment of a local time. One that the clocks leave out (spring) is the hour later that they show instead; of two that they show twice (autumn) it is
 * the first. The same moment is never planned twice.
 */
export function momentOf(day: string, time: string, timeZone: string): Date {
  const local = Temporal.PlainDateTime.from(`${day}T${time}`);
  return new Date(local.toZonedDateTime(timeZone, { disambiguation: "compatible" }).epochMilliseconds);
}

/** The local day and time (`09:30`) of a moment. */
export function localOf(moment: Date, timeZone: string): { day: string; time: string } {
  const local = Temporal.Instant.fromEpochMilliseconds(moment.getTime()).toZonedDateTimeISO(timeZone);
  return {
    day: local.toPlainDate().toString(),
    time: local.toPlainTime().toString({ smallestUnit: "minute" }),
  };
}

export function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    return /^[A-Za-z]/.test(name);
  } catch {
    return false;
  }
}

/** Whether a local time lies in quiet hours, which may pass midnight (`21:00` to `07:00`). */
export function isQuiet(time: string, from: string | null, until: string | null): boolean {
  if (from === null || until === null || from === until) return false;
  return from < until ? time >= from && time < until : time >= from || time < until;
}
