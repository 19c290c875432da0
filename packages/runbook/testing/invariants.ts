import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { type Decision, type EngineState, evaluate, initialState } from "../engine/evaluate.ts";
import { SignalHistory } from "../engine/signal-history.ts";
import type { Target } from "../engine/signal-reader.ts";
import { readRunbook } from "../language/read-runbook.ts";
import { signalsOfSecond, type WatchedSecond } from "./watched-seconds.ts";

const windowS = 20;
const cooldownS = 30;
const threshold = 0.05;

const { clauses } = readRunbook({
  file: "runbook.ts",
  value: {
    rollbackTriggers: {
      failing: {
        trigger: "error_rate > 5% for 20 seconds",
        action: "immediate_rollback",
        cooldown: "30 seconds",
      },
      slow: { trigger: "p95 > 5s for 20 seconds", action: "staged_rollback", cooldown: "30 seconds" },
      ill: {
        trigger: "health_check_fails_3_consecutive",
        action: "immediate_rollback",
        cooldown: "30 seconds",
      },
    },
    scalingThresholds: { error_rate: { warning: "2%", critical: "10%", window: "10 seconds" } },
  },
});

/** Traffic that changes its mind every few seconds: sound, failing, slow, silent, not measured. */
const stretch: fc.Arbitrary<WatchedSecond[]> = fc
  .record({
    seconds: fc.integer({ min: 1, max: 15 }),
    requests: fc.integer({ min: 0, max: 200 }),
    failing: fc.oneof(fc.constant(0), fc.double({ min: 0, max: 1, noNaN: true })),
    slowing: fc.oneof(fc.constant(0), fc.double({ min: 0, max: 1, noNaN: true })),
    missing: fc.boolean(),
    health: fc.constantFrom<(0 | 1 | undefined)[]>(0, 1, undefined),
  })
  .map(({ seconds, requests, failing, slowing, missing, health }) =>
    Array.from({ length: seconds }, () => ({
      requests,
      errors: Math.floor(requests * failing),
      slow: Math.floor(requests * slowing),
      ...(missing ? { missing: true } : {}),
      ...(health === undefined ? {} : { health }),
    })),
  );

export const signalSequences: fc.Arbitrary<WatchedSecond[]> = fc
  .array(stretch, { minLength: 1, maxLength: 8 })
  .map((stretches) => stretches.flat());

interface Run {
  decisions: (Decision & { target: Target })[];
  history: SignalHistory;
  nowS: number;
  /** What has to hold and did not. */
  broken: string | undefined;
}

/** A platform that does what is decided at once: after a rollback another deployment answers. */
function run(seconds: readonly WatchedSecond[]): Run {
  const history = new SignalHistory(clauses);
  let state: EngineState = initialState();
  let nowS = 1_800_000_000;
  let target: Target = { deployment: "d0", sinceS: nowS };
  const decisions: Run["decisions"] = [];
  let broken: string | undefined;
  for (const second of seconds) {
    nowS++;
    if (!second.missing) history.add(signalsOfSecond(nowS, { ...second, deployment: target.deployment }));
    const before = structuredClone(state);
    const result = evaluate(clauses, history, nowS, state, target, "production");
    if (!isDeepStrictEqual(result, evaluate(clauses, history, nowS, before, target, "production")))
      broken ??= `evaluated twice at ${nowS}, it said two things`;
    if (!isDeepStrictEqual(before, state)) broken ??= "it changed the state that it was given";
    state = result.state;
    for (const decision of result.decisions) {
      decisions.push({ ...decision, target });
      if (decision.finding.state !== "breached") broken ??= `${decision.clause} acted and was not broken`;
    }
    // One in stages leaves it answering for a while; here until something stronger comes.
    if (result.decisions.some(({ action }) => action === "immediate_rollback"))
      target = { deployment: `d${decisions.length}`, sinceS: nowS, broughtBack: true };
  }
  return { decisions, history, nowS, broken };
}

/**
 * What always holds, whatever the signals are; undefined where it does.
 *
 * - No rollback without a breach that can be seen in the plain figures of its window.
 * - No rollback while the one before cools down, but of what goes back in stages at once; none twice of one deployment.
 * - The same signals, moment and state give the same.
 */
export function brokenInvariant(seconds: readonly WatchedSecond[]): string | undefined {
  const { decisions, broken } = run(seconds);
  if (broken) return broken;
  const rollbacks = decisions.filter(({ action }) => action.endsWith("_rollback"));
  for (const [index, { atS, target, clause, action }] of rollbacks.entries()) {
    const before = rollbacks[index - 1];
    const isTakenFurther =
      before?.action === "staged_rollback" &&
      action === "immediate_rollback" &&
      before.deployment === target.deployment;
    if (before && !isTakenFurther && atS - before.atS < cooldownS)
      return `rolled back ${atS - before.atS} s after a rollback`;
    const isSame = (other: Decision) => other.deployment === target.deployment && other.action === action;
    if (rollbacks.some((other, at) => at < index && isSame(other)))
      return `rolled ${target.deployment} back twice`;
    if (!isPlain(seconds, clause, atS - 1_800_000_000, target.sinceS - 1_800_000_000))
      return `${clause} acted at second ${atS - 1_800_000_000}, where its window is sound`;
  }
  return undefined;
}

/** Counted anew, one by one. */
function isPlain(seconds: readonly WatchedSecond[], clause: string, at: number, since: number): boolean {
  const seen = seconds.slice(Math.max(0, at - windowS, since), at).filter(({ missing }) => !missing);
  const sum = (name: "requests" | "errors" | "slow") =>
    seen.reduce((all, each) => all + (each[name] ?? 0), 0);
  if (clause.endsWith("failing")) return sum("errors") > threshold * sum("requests");
  if (clause.endsWith("slow")) return sum("slow") > 0.05 * sum("requests");
  const checks = seconds.slice(since, at).filter(({ missing, health }) => !missing && health !== undefined);
  return checks.slice(-3).every(({ health }) => health === 0) && checks.length >= 3;
}

/** Worse signals are never told to be better: with more errors nothing that was broken is whole, and a warning comes with what is critical. */
export function brokenMonotony(seconds: readonly WatchedSecond[], more: number): string | undefined {
  const worse = seconds.map((second) => ({
    ...second,
    errors: Math.min(second.requests ?? 0, (second.errors ?? 0) + more),
  }));
  const states = [seconds, worse].map((each) => {
    const history = new SignalHistory(clauses);
    let nowS = 1_800_000_000;
    for (const second of each) {
      nowS++;
      if (!second.missing) history.add(signalsOfSecond(nowS, { ...second, deployment: "d0" }));
    }
    const target = { deployment: "d0", sinceS: 1_800_000_000 };
    return evaluate(clauses, history, nowS, initialState(), target, "production").findings;
  });
  for (const [index, finding] of states[0]!.entries()) {
    if (finding.state === "breached" && states[1]![index]!.state !== "breached")
      return `${finding.clause} is broken, and with ${more} errors more a second it is not`;
  }
  for (const findings of states) {
    const of = (level: string) => findings.find(({ clause }) => clause.endsWith(level))?.state;
    if (of("critical") === "breached" && of("warning") !== "breached")
      return "what is critical came without its warning";
  }
  return undefined;
}
