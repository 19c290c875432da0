import type { EnvironmentName } from "@evenkeel/model";
import { type ActionName, actionNames, type Clause, type ScaleWish, type Watch } from "../language/clause.ts";
import { conditionText } from "../language/condition.ts";
import type { SignalReader, Target } from "./signal-reader.ts";
import { type Weighed, weigh } from "./weigh.ts";

/** - `error`: the clause could not be evaluated, which is a breach of the runbook, never silence. */
export type ClauseState = "ok" | "breached" | "unknown" | "error";

export interface Finding {
  clause: string;
  state: ClauseState;
  severity: Watch["severity"];
  /** Since when it is in this state, in seconds since the epoch. */
  sinceS: number;
  /** Of each of its conditions, in their order. */
  conditions: (Weighed & { says: string })[];
  /** Of `error`. */
  message?: string;
}

export interface Decision {
  /** The clause that led to it, and others that were broken at that moment and wanted the same or less. */
  clause: string;
  alsoBroken: string[];
  action: ActionName;
  severity: Watch["severity"];
  flag?: Watch["flag"];
  /** Of `scale`: more by a step, or less again. */
  scale?: ScaleWish & { direction: "up" | "down" };
  /** The deployment that answered. */
  deployment?: string;
  atS: number;
  finding: Finding;
}

/** What the engine has to know of the moments before; plain data, so that whoever goes on after a crash can. */
export interface EngineState {
  deployment?: string;
  clauses: Record<string, { state: ClauseState; sinceS: number; acted?: true }>;
  /** Until when nothing of its kind is decided anew, by action; of `scale` by its clause, too. */
  coolsUntilS: Partial<Record<string, number>>;
  /** By how many steps a clause has made something larger; whatever answers since. */
  scaled?: Record<string, number>;
  /** The deployment that goes back in stages: it may still be taken back at once. */
  stagedFrom?: string;
}

export const initialState = (): EngineState => ({ clauses: {}, coolsUntilS: {} });

export interface Evaluation {
  findings: Finding[];
  decisions: Decision[];
  state: EngineState;
}

/** More of something is asked for so often, and then no more: what eight doublings do not help needs a person. */
const mostScaleSteps = 8;

const rollbacks: readonly ActionName[] = ["staged_rollback", "immediate_rollback"];
const strength = (action: ActionName): number => actionNames.indexOf(action);

/**
 * What is to be said and done of an environment at a moment. Pure: the same clauses, signals, moment and state give the same.
 *
 * - A clause acts once for each breach of it, at its beginning; if it is cooling down then, once that is over and it is still broken. One that
 *   makes something larger does so step by step while it is broken, and goes back step by step when it has not been for as long.
 * - Of clauses that are broken at once and want the deployment rolled back, the strongest decides, and the others stand in its evidence.
 * - A rollback is decided once for a deployment, and none of what a rollback brought while that one cools down; what goes back in stages may
 *   yet be taken back at once.
 * - A clock that was set back changes nothing until it has caught up.
 */
export function evaluate(
  clauses: readonly Clause[],
  signals: SignalReader,
  nowS: number,
  before: EngineState,
  target: Target,
  environment: EnvironmentName,
): Evaluation {
  const state = carryOver(before, target);
  const findings: Finding[] = [];
  const due: Decision[] = [];
  for (const clause of clauses) {
    const finding = find(clause, signals, nowS, state, target, environment);
    if (!finding) continue;
    findings.push(finding);
    const known = state.clauses[clause.id];
    const isBroken = finding.state === "breached" || finding.state === "error";
    const acted = isBroken && known?.acted === true;
    state.clauses[clause.id] = { state: finding.state, sinceS: finding.sinceS, ...(acted ? { acted } : {}) };
    const scaling = clause.watch?.scale && scalingOf(clause, finding, state, nowS);
    if (scaling) due.push({ ...decision(clause, finding, target, nowS), scale: scaling });
    if (!isBroken || acted || clause.watch?.scale) continue;
    due.push(decision(clause, finding, target, nowS));
  }
  return { findings, decisions: choose(due, clauses, state, nowS, target), state };
}

function carryOver(before: EngineState, { deployment }: Target): EngineState {
  const same = before.deployment === deployment;
  return {
    ...(deployment === undefined ? {} : { deployment }),
    // What was broken of another deployment says nothing of this one.
    clauses: same ? { ...before.clauses } : {},
    coolsUntilS: { ...before.coolsUntilS },
    ...(before.scaled ? { scaled: { ...before.scaled } } : {}),
    ...(same && before.stagedFrom !== undefined ? { stagedFrom: before.stagedFrom } : {}),
  };
}

function find(
  clause: Clause,
  signals: SignalReader,
  nowS: number,
  state: EngineState,
  target: Target,
  environment: EnvironmentName,
): Finding | undefined {
  const known = state.clauses[clause.id];
  const { watch } = clause;
  const conclude = (now: ClauseState, conditions: Finding["conditions"], message?: string): Finding => ({
    ...{ clause: clause.id, state: now, severity: watch?.severity ?? "warning", conditions },
    sinceS: known && known.state === now ? known.sinceS : nowS,
    ...(message === undefined ? {} : { message }),
  });
  try {
    if (!watch) return overdue(clause, nowS) ? conclude("breached", []) : undefined;
    if (!watch.environments.includes(environment)) return undefined;
    const speaksOfDeployment = watch.any.some(({ measure }) => measure.about === "deployment");
    if (speaksOfDeployment && target.deployment === undefined) return conclude("unknown", []);
    // A breach that waits for a cool-down has to be one at the moment in which it acts, not merely not over yet.
    const was = known?.state === "breached" && known.acted === true;
    const conditions = watch.any.map((condition) => ({
      ...weigh(condition, watch, signals, target, nowS, was),
      says: conditionText(condition),
    }));
    return conclude(joined(conditions), conditions);
  } catch (error) {
    return conclude("error", [], error instanceof Error ? error.message : String(error));
  }
}

/** What a person was to have seen to by now. */
const overdue = ({ byHand }: Clause, nowS: number): boolean =>
  byHand !== undefined && nowS * 1_000 >= Date.parse(byHand.due) + 86_400_000;

const joined = (conditions: readonly Weighed[]): ClauseState => {
  if (conditions.some(({ state }) => state === "breached")) return "breached";
  return conditions.some(({ state }) => state === "unknown") ? "unknown" : "ok";
};

const decision = (clause: Clause, finding: Finding, { deployment }: Target, nowS: number): Decision => ({
  clause: clause.id,
  alsoBroken: [],
  // A clause that cannot be evaluated must not roll anything back: that would be a breach nobody saw.
  action: finding.state === "error" ? "record" : (clause.watch?.action ?? "record"),
  severity: finding.severity,
  ...(clause.watch?.flag && finding.state !== "error" ? { flag: clause.watch.flag } : {}),
  ...(deployment === undefined ? {} : { deployment }),
  atS: nowS,
  finding,
});

/** Whether a clause asks for more of something now, or for less again. An unknown state asks for nothing. */
function scalingOf(
  { id, watch }: Clause,
  finding: Finding,
  { scaled = {} }: EngineState,
  nowS: number,
): Decision["scale"] {
  const steps = scaled[id] ?? 0;
  if (finding.state === "breached")
    return steps < mostScaleSteps ? { ...watch!.scale!, direction: "up" } : undefined;
  const isOver = finding.state === "ok" && nowS - finding.sinceS >= watch!.cooldownMs / 1_000;
  return isOver && steps > 0 ? { ...watch!.scale!, direction: "down" } : undefined;
}

const coolsBy = ({ action, clause }: Pick<Decision, "action" | "clause">): string =>
  action === "scale" ? `scale ${clause}` : action;

/** Of what is due, what is done now; marks it in the state. */
function choose(
  due: Decision[],
  clauses: readonly Clause[],
  state: EngineState,
  nowS: number,
  target: Target,
): Decision[] {
  const { deployment } = target;
  const chosen: Decision[] = [];
  const backward = due
    .filter(({ action }) => rollbacks.includes(action))
    .sort((one, other) => strength(other.action) - strength(one.action));
  const [strongest, ...weaker] = backward;
  if (strongest && deployment !== undefined && mayRollBack(state, strongest, nowS, target)) {
    if (strongest.action === "staged_rollback") state.stagedFrom = deployment;
    chosen.push({ ...strongest, alsoBroken: weaker.map(({ clause }) => clause) });
    for (const { clause } of backward) state.clauses[clause]!.acted = true;
  }
  for (const each of due) {
    if (rollbacks.includes(each.action)) continue;
    // Records cost nothing and are told once a breach; what changes something waits.
    if (each.action !== "record" && cools(state, [coolsBy(each)], nowS)) continue;
    chosen.push(each);
    if (each.scale) {
      const steps = (state.scaled?.[each.clause] ?? 0) + (each.scale.direction === "up" ? 1 : -1);
      state.scaled = { ...state.scaled, [each.clause]: steps };
    } else state.clauses[each.clause]!.acted = true;
  }
  for (const { action, clause } of chosen) {
    if (action === "record" || action === "notify") continue;
    const cooldownMs = clauses.find(({ id }) => id === clause)?.watch?.cooldownMs ?? 0;
    const by = coolsBy({ action, clause });
    state.coolsUntilS[by] = Math.max(state.coolsUntilS[by] ?? 0, nowS + cooldownMs / 1_000);
  }
  return chosen;
}

/** Cooling down keeps a fault of all releases from going through their history; what somebody deploys meanwhile is nothing of that. */
function mayRollBack(
  state: EngineState,
  { action }: Decision,
  nowS: number,
  { deployment, broughtBack }: Target,
): boolean {
  if (state.stagedFrom === deployment) return action === "immediate_rollback";
  return !broughtBack || !cools(state, rollbacks, nowS);
}

const cools = (state: EngineState, by: readonly string[], nowS: number): boolean =>
  by.some((each) => nowS < (state.coolsUntilS[each] ?? Number.NEGATIVE_INFINITY));
