import type { DatabaseTerms } from "@evenkeel/model";
import type { RunbookPlan } from "@evenkeel/runbook";

const weekdays = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const dayMs = 86_400_000;
/** Of what the runbook does not say. */
const usual = { daily: "daily 02:00 UTC, 30 days", continuous: "continuous, 7 days" };

/** What a runbook promises of a database, as its keeper reads it; undefined where it says nothing of that. */
export function databaseTerms({
  database,
}: Pick<RunbookPlan, "database">): Partial<DatabaseTerms> | undefined {
  const { backups, pointInTimeMs, upkeep, failover } = database;
  const terms: Partial<DatabaseTerms> = {};
  if (backups.length > 0 || pointInTimeMs !== undefined) {
    // Of several at one time the one that is kept longest.
    const kept = new Map<string, number>();
    for (const { calendar, keepMs } of backups) {
      const when = recurrence(calendar.cron);
      if (when !== undefined) kept.set(when, Math.max(kept.get(when) ?? 0, keepMs));
    }
    const clauses = [...kept].map(
      ([when, keepMs]) => `${when}, ${days(keepMs === 0 ? 30 * dayMs : keepMs)} days`,
    );
    terms.schedule = [
      ...(clauses.length > 0 ? clauses : [usual.daily]),
      pointInTimeMs === undefined ? usual.continuous : `continuous, ${days(pointInTimeMs)} days`,
    ];
  }
  const tasks = upkeep.flatMap(({ name, calendar, sql }) => {
    const when = recurrence(calendar.cron);
    return when === undefined ? [] : [{ name, when, sql: sql.join(";\n") }];
  });
  if (tasks.length > 0) terms.upkeep = tasks;
  if (failover) terms.failoverChecks = failover.checks;
  return Object.keys(terms).length > 0 ? terms : undefined;
}

const days = (ms: number): number => Math.max(1, Math.ceil(ms / dayMs));

/** `0 2 * * 0` → `weekly Sunday 02:00 UTC`; undefined for what is neither daily nor weekly. */
function recurrence(cron: string): string | undefined {
  const match = /^(\d+) (\d+) \* \* (\*|[0-6])$/.exec(cron);
  if (!match) return undefined;
  const time = `${match[2]!.padStart(2, "0")}:${match[1]!.padStart(2, "0")} UTC`;
  return match[3] === "*" ? `daily ${time}` : `weekly ${weekdays[Number(match[3])]} ${time}`;
}
