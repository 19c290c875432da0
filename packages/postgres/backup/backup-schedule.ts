import { InvalidValueError, parseDurationMs } from "@evenkeel/model";

/** A clause such as `daily 02:00 UTC, 30 days`. Times are UTC: a backup neither doubles nor drops out when clocks change. */
export type BackupClause =
  | { kind: "daily"; minuteOfDay: number; keepMs: number }
  /** Sunday is 0. */
  | { kind: "weekly"; weekday: number; minuteOfDay: number; keepMs: number }
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
  const match =
    /^\s*(?:(continuous)|(daily)\s+(\S+)\s*(?:UTC|Z)|(weekly)\s+([a-z]+)\s+(\S+)\s*(?:UTC|Z))\s*,\s*(?:keep\s+|for\s+)?(.+?)\s*$/i.exec(
      text,
    );
  if (!match) throw refuse();
  const [, continuous, daily, dailyTime, , day, weeklyTime, keep] = match;
  const keepMs = parseKeep(keep!);
  if (continuous) return { kind: "continuous", keepMs };
  const minuteOfDay = parseMinute((dailyTime ?? weeklyTime)!);
  if (minuteOfDay === undefined) throw refuse();
  if (daily) return { kind: "daily", minuteOfDay, keepMs };
  const weekday = weekdays.findIndex(
    (name) => name === day!.toLowerCase() || name.slice(0, 3) === day!.toLowerCase(),
  );
  if (weekday === -1) throw refuse();
  return { kind: "weekly", weekday, minuteOfDay, keepMs };
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
 * The newest moment not after `nowMs` at which the clause wanted a backup; undefined for `continuous`. A backup is due when the newest one
 * with the clause's label was begun before it: so one that a stopped machine missed is made at its start, once.
 */
export function lastDueMs(clause: BackupClause, nowMs: number): number | undefined {
  if (clause.kind === "continuous") return undefined;
  const midnight = Math.floor(nowMs / dayMs) * dayMs;
  const today = midnight + clause.minuteOfDay * 60_000;
  if (clause.kind === "daily") return today <= nowMs ? today : today - dayMs;
  const since = (new Date(nowMs).getUTCDay() - clause.weekday + 7) % 7;
  const due = today - since * dayMs;
  return due <= nowMs ? due : due - 7 * dayMs;
}

/** The next moment after `nowMs`; undefined for `continuous`. */
export function nextDueMs(clause: BackupClause, nowMs: number): number | undefined {
  const last = lastDueMs(clause, nowMs);
  return last === undefined ? undefined : last + (clause.kind === "weekly" ? 7 : 1) * dayMs;
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
    const dueMs = lastDueMs(clause, nowMs)!;
    const ever = taken.filter(({ label }) => labels.includes(label));
    return !ever.some(({ startedMs }) => startedMs >= dueMs);
  });
}
