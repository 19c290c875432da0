import type { Gravity } from "./trouble.ts";

/** A class of incidents: how soon somebody answers, and when more people are called. */
export interface SeverityClass {
  name: string;
  description: string;
  /** Acknowledged within. */
  responseMs: number;
  escalation: EscalationRule;
}

/**
 * When more people are called beyond the one on call while nobody has acknowledged.
 *
 * - `immediate`: with the first page.
 * - `after`: so long after the opening.
 * - `next_business_day`: then; and people are called in business hours only.
 */
export type EscalationRule =
  | { kind: "immediate" }
  | { kind: "after"; ms: number }
  | { kind: "next_business_day" };

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
export function rankOf(gravity: Gravity, classes: readonly SeverityClass[]): number {
  const named = classes.findIndex(({ name }) => name === gravity);
  if (named >= 0) return named;
  const last = classes.length - 1;
  if (gravity === "outage") return 0;
  return gravity === "major" ? Math.min(1, last) : last;
}
