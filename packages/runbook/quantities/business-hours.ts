import { InvalidValueError } from "@evenkeel/model";
import { localTime, momentOf } from "./local-time.ts";

export interface BusinessHours {
  /** 0: Sunday. */
  weekdays: number[];
  fromMinute: number;
  toMinute: number;
  timezone: string;
}

export const usualBusinessHours: BusinessHours = {
  ...{ weekdays: [1, 2, 3, 4, 5], fromMinute: 9 * 60, toMinute: 17 * 60, timezone: "UTC" },
};

const dayNames = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/** Reads `Mon-Fri 09:00-17:00 Europe/Berlin`; without a zone it is UTC's. @throws InvalidValueError */
export function readBusinessHours(text: string): BusinessHours {
  const match =
    /^([a-z]{3})[a-z]*\s*-\s*([a-z]{3})[a-z]*\s+(\d{1,2}):(\d\d)\s*-\s*(\d{1,2}):(\d\d)(?:\s+(\S+))?$/i.exec(
      text.trim(),
    );
  const [first, last] = [match?.[1], match?.[2]].map((name) => dayNames.indexOf(name?.toLowerCase() ?? ""));
  const [fromMinute, toMinute] = [
    [match?.[3], match?.[4]],
    [match?.[5], match?.[6]],
  ].map(([hour, minute]) => Number(hour) * 60 + Number(minute)) as [number, number];
  const timezone = match?.[7] ?? "UTC";
  if (
    !match ||
    first! < 0 ||
    last! < 0 ||
    !(fromMinute < toMinute) ||
    toMinute > 24 * 60 ||
    !isZone(timezone)
  ) {
    throw new InvalidValueError(`${JSON.stringify(text.slice(0, 80))} are no business hours`, {
      hint: "Write 'Mon-Fri 09:00-17:00 Europe/Berlin'.",
    });
  }
  const count = ((last! - first! + 7) % 7) + 1;
  const weekdays = Array.from({ length: count }, (_, index) => (first! + index) % 7);
  return { weekdays, fromMinute, toMinute, timezone };
}

export function isBusinessTime(
  { weekdays, fromMinute, toMinute, timezone }: BusinessHours,
  atMs: number,
): boolean {
  const { weekday, minuteOfDay } = localTime(atMs, timezone);
  return weekdays.includes(weekday) && minuteOfDay >= fromMinute && minuteOfDay < toMinute;
}

/** The moment itself where it is in business hours, else the one at which they begin. */
export const businessTimeFrom = (hours: BusinessHours, atMs: number): number =>
  isBusinessTime(hours, atMs) ? atMs : beginAfter(hours, atMs);

/** When the business day after the one that `atMs` is in, or comes before, begins. */
export function nextBusinessDay(hours: BusinessHours, atMs: number): number {
  const { day } = localTime(atMs, hours.timezone);
  return beginAfter(hours, momentOf(day, hours.toMinute, hours.timezone));
}

function beginAfter({ weekdays, fromMinute, timezone }: BusinessHours, atMs: number): number {
  const { day } = localTime(atMs, timezone);
  for (let ahead = 0; ahead <= 8; ahead++) {
    const beginMs = momentOf(day + ahead, fromMinute, timezone);
    if (beginMs >= atMs && weekdays.includes(localTime(beginMs, timezone).weekday)) return beginMs;
  }
  // Weekdays are never empty.
  return atMs;
}

function isZone(timezone: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone: timezone });
    return true;
  } catch {
    return false;
  }
}
