import type { SeverityClass } from "@evenkeel/runbook";
import type { Gravity } from "./trouble.ts";

const minuteMs = 60_000;

/** Of apps whose runbook has none, and of the platform itself. */
export const usualClasses: readonly SeverityClass[] = [
  {
    ...{ name: "P0", description: "Complete outage", responseMs: 15 * minuteMs },
    escalation: { kind: "immediate" },
  },
  {
    ...{ name: "P1", description: "Major feature broken", responseMs: 60 * minuteMs },
    escalation: { kind: "after", ms: 120 * minuteMs },
  },
  {
    ...{ name: "P2", description: "Minor feature degraded", responseMs: 240 * minuteMs },
    escalation: { kind: "next_business_day" },
  },
];

/** @param classes gravest first, at least one */
export function rankOf(gravity: Gravity, classes: readonly Pick<SeverityClass, "name">[]): number {
  const named = classes.findIndex(({ name }) => name === gravity);
  if (named >= 0) return named;
  const last = classes.length - 1;
  if (gravity === "outage") return 0;
  return gravity === "major" ? Math.min(1, last) : last;
}
