import type { DrillScenario, RunbookPlan } from "@evenkeel/runbook";
import type { DrillObjectives } from "../api/contract/index.ts";

/** Parts of `rto` that a scenario brings back, by the words of their names. */
const parts: Record<DrillScenario, RegExp> = {
  database_corruption: /database|postgres|full/i,
  region_failure: /database|postgres|critical/i,
  critical_service_down: /critical/i,
  security_incident: /full/i,
  control_plane_loss: /full|platform/i,
};
/** Those in which the database's own objective is at stake. */
const ofDatabase: ReadonlySet<DrillScenario> = new Set(["database_corruption", "region_failure"]);

/** What a runbook asks of a drill: the strictest of all that it says. Pure. */
export function drillObjectives(
  { database, recovery }: Pick<RunbookPlan, "database" | "recovery">,
  scenario: DrillScenario,
): DrillObjectives {
  const own = recovery.scenarios.find(({ name }) => name === scenario);
  const atStake = ofDatabase.has(scenario);
  const rto = [
    own?.rtoMs,
    ...Object.entries(recovery.rto).map(([name, ms]) => (parts[scenario].test(name) ? ms : undefined)),
    ...(atStake ? [database.rtoMs] : []),
    ...(scenario === "region_failure" ? [database.failover?.executionMs] : []),
  ];
  const rpo = [own?.rpoMs, ...(atStake ? [database.rpoMs] : [])];
  return { ...strictest("rtoMs", rto), ...strictest("rpoMs", rpo) };
}

function strictest<Key extends string>(
  key: Key,
  values: (number | undefined)[],
): Partial<Record<Key, number>> {
  const known = values.filter((value) => value !== undefined);
  return known.length === 0 ? {} : ({ [key]: Math.min(...known) } as Record<Key, number>);
}
