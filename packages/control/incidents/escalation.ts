import { type BusinessHours, businessTimeFrom, nextBusinessDay, type SeverityClass } from "@evenkeel/runbook";

/**
 * Who is called of an incident, and when. Pure.
 *
 * States: *waiting* (`nextAtMs` is a moment), *quiet* (`escalation` of the incident is gone: somebody has acknowledged, or it is resolved). Steps are
 * numbered from 0; step n calls the one on call and n more of the rotation, in their order.
 *
 * - A step is taken once: the state goes on in the same commit in which those who are called are written down.
 * - While nobody acknowledges there always is a next step, so nobody is forgotten.
 * - A clock that jumps ahead skips steps in between, whose people the later one calls too; one that was set back waits.
 */
export interface EscalationState {
  openedAtMs: number;
  /** The next step, and when it is due. */
  step: number;
  nextAtMs: number;
}

export interface EscalationPolicy {
  severity: Pick<SeverityClass, "responseMs" | "escalation">;
  hours: BusinessHours;
  /** In the rotation. */
  people: number;
}

/** A class that is answered within seconds does not page each second. */
const shortestStepMs = 60_000;

export const beginEscalation = (openedAtMs: number, policy: EscalationPolicy): EscalationState => ({
  openedAtMs,
  step: 0,
  nextAtMs: inHours(openedAtMs, policy),
});

export interface EscalationStep {
  state: EscalationState;
  /** Number of the step that is taken. */
  step: number;
  /** So many from the front of the rotation are called; at least one. */
  people: number;
}

/** The step that is due at a moment, and what follows; undefined where none is. */
export function takeStep(
  state: EscalationState,
  nowMs: number,
  policy: EscalationPolicy,
): EscalationStep | undefined {
  if (nowMs < state.nextAtMs) return undefined;
  // What was due while nobody looked is one call.
  let { step } = state;
  let after = timeAfter(state, state.nextAtMs, policy);
  while (after <= nowMs) {
    step++;
    after = timeAfter(state, after, policy);
  }
  return {
    state: { ...state, step: step + 1, nextAtMs: after },
    step,
    people: peopleAt(state, step, nowMs, policy),
  };
}

/** Of the step that follows one at `beforeMs`. */
function timeAfter({ openedAtMs }: EscalationState, beforeMs: number, policy: EscalationPolicy): number {
  const { responseMs, escalation } = policy.severity;
  const usual = beforeMs + Math.max(shortestStepMs, responseMs);
  // The escalation is no later than the runbook says, also between two steps.
  const byRule = escalation.kind === "after" ? openedAtMs + escalation.ms : Number.NaN;
  const next = byRule > beforeMs && byRule < usual ? byRule : usual;
  return inHours(next, policy);
}

function peopleAt(
  { openedAtMs }: EscalationState,
  step: number,
  nowMs: number,
  { severity: { escalation }, people, hours }: EscalationPolicy,
): number {
  const most = Math.max(1, people);
  if (escalation.kind === "immediate") return Math.min(most, step + 2);
  if (escalation.kind === "after")
    return nowMs >= openedAtMs + escalation.ms ? most : Math.min(most, step + 1);
  return nowMs >= nextBusinessDay(hours, openedAtMs) ? Math.min(most, step + 1) : 1;
}

/** Of a class that waits for business days nobody is called at night. */
const inHours = (atMs: number, { severity: { escalation }, hours }: EscalationPolicy): number =>
  escalation.kind === "next_business_day" ? businessTimeFrom(hours, atMs) : atMs;
