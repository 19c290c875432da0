import { InvalidValueError, parseDurationMs } from "@evenkeel/model";

/** When something recurs. Times are UTC: nothing doubles or drops out when clocks change. */
export type Recurrence =
  | { kind: "daily"; minuteOfDay: number }
  /** Sunday is 0. */
  | { kind: "weekly"; weekday: number; minuteOfDay: number };

/** A clause such as `daily 02:00 UTC, 30 days`. */
export type BackupClause =
  | (Recurrence & { keepMs: number })
  /** Any point in this time can be restored to. */
  | { kind: "continuous"; keepMs: number };

const weekdays = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];
const dayMs = 86_400_000;

const examples =
  "Write `daily 02:00 UTC, 30 days`, `weekly Sunday 01:00 UTC, 12 weeks` or `continuous, 7 days`.";

export function parseBackupClause(text: string): BackupClause {
  const refuse = () =>
    new InvalidValueError(`Backup clause ${JSON.stringify(text.slice(0, 80))} cannot be read`, {
      hint: examples,
    });
  const match = /^([^,]*),\s*(?:keep\s+|for\s+)?(.+?)\s*$/i.exec(text);
  if (!match) throw refuse();
  const keepMs = parseKeep(match[2]!);
  if (match[1]!.trim().toLowerCase() === "continuous") return { kind: "continuous", keepMs };
  const recurrence = parseRecurrence(match[1]!);
  if (!recurrence) throw refuse();
  return { ...recurrence, keepMs };
}

/** Reads `daily 02:00 UTC` or `weekly Sunday 01:00 UTC`; undefined for anything else. */
export function parseRecurrence(text: string): Recurrence | undefined {
  const match = /^\s*(?:daily|weekly\s+([a-z]+))\s+(\S+?)\s*(?:UTC|Z)\s*$/i.exec(text);
  const minuteOfDay = match ? parseMinute(match[2]!) : undefined;
  if (!match || minuteOfDay === undefined) return undefined;
  const day = match[1]?.toLowerCase();
  if (day === undefined) return { kind: "daily", minuteOfDay };
  const weekday = weekdays.findIndex((name) => name === day || name.slice(0, 3) === day);
  return weekday === -1 ? undefined : { kind: "weekly", weekday, minuteOfDay };
}

function parseKeep(text: string): number {
  const words = /^(\d+)\s*(day|week|month|year)s?$/i.exec(text);
  if (!words) return parseDurationMs(text);
  const days = { day: 1, week: 7, month: 31, year: 366 }[words[2]!.toLowerCase() as "day"];
  return Number(words[1]) * days * dayMs;
}

function parseMinute(text: string): number | undefined {
  const match = /^([01]?\d|2[0-3]):([0-5]\d)$/.exec(text);
  return match ? Number(match[1]) * 60 + Number(match[2]) : undefined;
}

/**
 * The newest moment not after `nowMs` that recurs so; undefined for `continuous`. Something is due when it was last begun before that moment: so
 * what a stopped machine missed is made up for at its start, once.
 */
export function lastDueMs(recurrence: Recurrence, nowMs: number): number;
export function lastDueMs(clause: BackupClause, nowMs: number): number | undefined;
export function lastDueMs(clause: Recurrence | BackupClause, nowMs: number): number | undefined {
  if (clause.kind === "continuous") return undefined;
  const midnight = Math.floor(nowMs / dayMs) * dayMs;
  const today = midnight + clause.minuteOfDay * 60_000;
  if (clause.kind === "daily") return today <= nowMs ? today : today - dayMs;
  const since = (new Date(nowMs).getUTCDay() - clause.weekday + 7) % 7;
  const due = today - since * dayMs;
  return due <= nowMs ? due : due - 7 * dayMs;
}

/** The next moment after `nowMs`; undefined for `continuous`. */
export function nextDueMs(clause: Recurrence | BackupClause, nowMs: number): number | undefined {
  if (clause.kind === "continuous") return undefined;
  return lastDueMs(clause, nowMs) + (clause.kind === "weekly" ? 7 : 1) * dayMs;
}

/**
 * The clause that wants a backup now; of several the one that keeps longest, whose backup then serves the others too. A backup serves a
 * clause when its own label keeps it at least as long.
 *
 * @param taken with the clauses' kinds as labels; others do not count
 */
export function dueClause(
  clauses: BackupClause[],
  taken: { label: string; startedMs: number }[],
  nowMs: number,
): Exclude<BackupClause, { kind: "continuous" }> | undefined {
  const byKeep = clauses.filter((clause) => clause.kind !== "continuous").sort((a, b) => b.keepMs - a.keepMs);
  return byKeep.find((clause) => {
    const labels = byKeep.filter(({ keepMs }) => keepMs >= clause.keepMs).map(({ kind }) => kind as string);
    const dueMs = lastDueMs(clause, nowMs);
    const ever = taken.filter(({ label }) => labels.includes(label));
    return !ever.some(({ startedMs }) => startedMs >= dueMs);
  });
}
