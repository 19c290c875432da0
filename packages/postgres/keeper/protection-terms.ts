import { type DatabaseTerms, InvalidValueError, type UpkeepTask } from "@evenkeel/model";
import {
  type BackupClause,
  nextDueMs,
  parseBackupClause,
  parseRecurrence,
} from "../backup/backup-schedule.ts";
import { upkeepStatements } from "./upkeep-statements.ts";

/** What a database is promised of which nobody has said otherwise. */
export const usualTerms: DatabaseTerms = {
  schedule: ["daily 02:00 UTC, 30 days", "continuous, 7 days"],
  zeroLoss: false,
  upkeep: [],
  failoverChecks: 0,
};

/** @throws InvalidValueError naming the clause that cannot be read, or what is missing among them */
export function readSchedule(schedule: string[]): BackupClause[] {
  const clauses = schedule.map(parseBackupClause);
  const kinds = clauses.map(({ kind }) => kind);
  if (!kinds.some((kind) => kind !== "continuous")) {
    throw new InvalidValueError("A schedule without `daily` or `weekly` takes no backup", {
      hint: "WAL leads from a backup to a moment: add for example `daily 02:00 UTC, 30 days`.",
    });
  }
  const twice = kinds.find((kind, index) => kinds.indexOf(kind) !== index);
  if (twice) {
    throw new InvalidValueError(`The schedule says \`${twice}\` twice`, { hint: "Write each of them once." });
  }
  return clauses;
}

export const nextBackupMs = (schedule: string[], nowMs: number): number =>
  Math.min(...readSchedule(schedule).map((clause) => nextDueMs(clause, nowMs) ?? Number.POSITIVE_INFINITY));

/** @throws InvalidValueError for a time or SQL that cannot be read, and for two tasks of one name */
export async function checkUpkeep(tasks: UpkeepTask[]): Promise<void> {
  for (const [index, { name, when, sql }] of tasks.entries()) {
    if (!/^[a-z0-9][a-z0-9-]{0,39}$/.test(name) || tasks.findIndex((task) => task.name === name) !== index) {
      throw new InvalidValueError(`"${name}" is no name for a task of upkeep, or it is taken`, {
        hint: "Use up to 40 lower-case letters, digits and hyphens.",
      });
    }
    if (!parseRecurrence(when)) {
      throw new InvalidValueError(`"${when}" is no time for upkeep`, {
        hint: "Write `daily 03:00 UTC` or `weekly Sunday 04:00 UTC`.",
      });
    }
    await upkeepStatements(name, sql);
  }
}
