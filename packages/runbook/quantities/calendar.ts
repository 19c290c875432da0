import { InvalidValueError } from "@evenkeel/model";
import { cronProblem } from "@evenkeel/schedules";
import { spaced } from "./duration.ts";

/** Times that come again. */
export interface Calendar {
  cron: string;
  timezone: string;
}

const days = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];
const names: Record<string, string> = {
  hourly: "0 * * * *",
  daily: "0 2 * * *",
  weekly: "0 2 * * 0",
  monthly: "0 2 1 * *",
};

/**
 * Reads times as people write them: `02:00 UTC`, `daily 02:00 UTC`, `Sunday 01:00 UTC`, `weekly`, `0 9 * * *`, `every 15 minutes`. Times without
 * a zone are UTC's; zones are IANA's names.
 *
 * @throws InvalidValueError
 */
export function readCalendar(text: string): Calendar {
  const plain = spaced(text);
  const named = names[plain];
  if (named !== undefined) return { cron: named, timezone: "UTC" };
  const every = /^every (\d+ )?(minute|hour)s?$/.exec(plain);
  const step = Number(every?.[1] ?? 1);
  if (every && step >= 1 && step < (every[2] === "hour" ? 24 : 60)) {
    const field = step === 1 ? "*" : `*/${step}`;
    return { cron: every[2] === "hour" ? `0 ${field} * * *` : `${field} * * * *`, timezone: "UTC" };
  }
  const zone = zoneOf(text);
  const at = /^(?:(daily|every day|[a-z]+day)s? (?:at )?)?(\d{1,2}):(\d{2})$/.exec(spaced(zone.rest));
  if (at && Number(at[2]) < 24 && Number(at[3]) < 60) {
    const day = at[1] === undefined ? -1 : days.indexOf(at[1]);
    if (day >= 0 || at[1] === undefined || !at[1].endsWith("day") || at[1] === "every day") {
      return {
        cron: `${Number(at[3])} ${Number(at[2])} * * ${day >= 0 ? day : "*"}`,
        timezone: zone.timezone,
      };
    }
  }
  if (cronProblem(text.trim()) === undefined) return { cron: text.trim(), timezone: "UTC" };
  throw new InvalidValueError(`${JSON.stringify(text.slice(0, 80))} is no time that comes again`, {
    hint: "Write 'daily 02:00 UTC', 'Sunday 01:00 UTC', 'every 15 minutes' or a cron expression.",
  });
}

/** Of what a database's keeper does. @throws InvalidValueError */
export function readDailyOrWeekly(text: string): Calendar {
  const calendar = readCalendar(text);
  if (calendar.timezone === "UTC" && /^\d+ \d+ \* \* (?:\*|\d)$/.test(calendar.cron)) return calendar;
  throw new InvalidValueError(`${JSON.stringify(text)} is not daily or weekly, at a time of UTC`, {
    hint: "Write 'daily 02:00 UTC' or 'Sunday 01:00 UTC'.",
  });
}

function zoneOf(text: string): { timezone: string; rest: string } {
  const match = /^(.*\d)\s+([A-Za-z]+(?:\/[A-Za-z_]+)*)$/.exec(text.trim());
  if (!match) return { timezone: "UTC", rest: text };
  const name = match[2]!.toUpperCase() === "GMT" || match[2]!.toUpperCase() === "UTC" ? "UTC" : match[2]!;
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    return { timezone: name, rest: match[1]! };
  } catch {
    return { timezone: "UTC", rest: text };
  }
}
