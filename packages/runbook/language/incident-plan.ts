import type { BusinessHours } from "../quantities/business-hours.ts";

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
 * - `after`: so long after the opening, at the latest.
 * - `next_business_day`: then; and people are called in business hours only.
 */
export type EscalationRule =
  | { kind: "immediate" }
  | { kind: "after"; ms: number }
  | { kind: "next_business_day" };

/** Channels by the names that the runbook gives them. */
export interface CommunicationPlan {
  /** Class → channels. */
  internal: Record<string, string[]>;
  external: Record<string, string[]>;
  /** `investigating`, `identified`, `monitoring`, `resolved` → words with fields. */
  templates: Record<string, string>;
}

export interface OnCallPlan {
  /** In the order in which they are called. */
  rotation: string[];
  handover: Handover;
  /** Absent: Monday to Friday, 09:00 to 17:00 UTC. */
  businessHours?: BusinessHours;
  /** By which everybody is called; absent: by their own channels. */
  channel?: string;
}

/** The next one in the rotation takes over each day, or each week at a day (0: Sunday), at a time. */
export interface Handover {
  weekday?: number;
  minuteOfDay: number;
  timezone: string;
}

export interface ContinuityPlan {
  essential: string[];
  degraded?: { description: string; features: string[]; channels: string[] };
  audiences: AudiencePlan[];
}

export interface AudiencePlan {
  name: string;
  channels: string[];
  /** - `every`: something is to be heard at least so often; `major`: opening, severity, resolution; `all`: each change. */
  frequency: { kind: "every"; ms: number } | { kind: "major" } | { kind: "all" };
  responsible?: string;
}
