import { Cron } from "croner";

export interface CronTimes {
  /** Five fields. */
  cron: string;
  /** IANA. */
  timezone: string;
}

/**
 * The first time after `afterMs` (Unix milliseconds); undefined when there is none.
 *
 * Clock changes are croner's, as Vixie cron has them: a time of day that the clock jumps over comes at the first moment after the jump,
 * one that it repeats comes at the first of the two; whatever repeats within the hour (`*`, `/`) goes on by real time.
 *
 * Each call parses anew (16 µs): a parsed expression keeps 80 KB, and there may be ten thousand.
 */
export function nextTime({ cron, timezone }: CronTimes, afterMs: number): number | undefined {
  const parsed = new Cron(cron, { mode: "5-part", timezone, fixedTimeRule: "no-wildcard" });
  return parsed.nextRun(new Date(afterMs))?.getTime();
}

/** Whether an IANA zone of that name exists. */
export function isTimezone(name: string): boolean {
  // Offsets as `+02:00` are none: they know no summer.
  if (!/^[A-Za-z][A-Za-z0-9_+/-]*$/.test(name)) return false;
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    return true;
  } catch {
    return false;
  }
}
