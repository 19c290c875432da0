import { InvalidValueError } from "@evenkeel/model";
import type { ActionName, Enforcement, KindContext, Watch } from "../language/clause.ts";
import {
  type Condition,
  type ConditionContext,
  conditionText,
  readCondition,
} from "../language/condition.ts";
import { nearest } from "../language/nearest.ts";
import { readDurationMs, spaced } from "../quantities/duration.ts";
import { watchedEnvironments } from "./words.ts";

/** A ratio of three requests is an accident. */
const usualMinimumSamples = 20;
const usualCooldownMs = 10 * 60_000;
/** A value that trembles around its threshold is one breach, not many. */
const usualRecovery = 0.9;

export interface WatchWish {
  action: ActionName;
  severity?: Watch["severity"];
  minimumSamples?: number | undefined;
  cooldownMs?: number | undefined;
  detail?: string;
  flag?: Watch["flag"];
  scale?: Watch["scale"];
}

export const watchFor = (any: Condition[], wish: WatchWish): Watch => ({
  any,
  action: wish.action,
  severity: wish.severity ?? "critical",
  minimumSamples: wish.minimumSamples ?? usualMinimumSamples,
  recoversAt: usualRecovery,
  cooldownMs: wish.cooldownMs ?? usualCooldownMs,
  environments: watchedEnvironments,
  ...(wish.detail === undefined ? {} : { detail: wish.detail }),
  ...(wish.flag === undefined ? {} : { flag: wish.flag }),
  ...(wish.scale === undefined ? {} : { scale: wish.scale }),
});

/** Words of runbooks for what is done. */
const actions: Record<string, ActionName> = {
  ...{ "immediate rollback": "immediate_rollback", rollback: "immediate_rollback" },
  ...{ "roll back": "immediate_rollback", "roll back immediately": "immediate_rollback" },
  ...{ "rollback immediately": "immediate_rollback", "automatic rollback": "immediate_rollback" },
  ...{ "staged rollback": "staged_rollback", "gradual rollback": "staged_rollback" },
  ...{ "degraded mode": "degraded_mode", "enter degraded mode": "degraded_mode" },
  ...{ record: "record", log: "record", warn: "record" },
};

export interface ActionRead {
  action: ActionName;
  flag?: { name: string; value: boolean };
}

/** `immediate_rollback`, `staged_rollback`, `set ENABLE_OCR=false`, … @throws InvalidValueError */
export function readAction(text: string): ActionRead {
  const flag = /^(?:set|turn)\s+(?:flag\s+)?([A-Za-z][\w.-]*)\s*=\s*(true|false)$/.exec(text.trim());
  if (flag) return { action: "set_flag", flag: { name: flag[1]!, value: flag[2] === "true" } };
  const action = actions[spaced(text)];
  if (action !== undefined) return { action };
  const guess = nearest(text, Object.keys(actions));
  throw new InvalidValueError(
    `"${text.slice(0, 60)}" is no action${guess ? `; did you mean "${guess.replaceAll(" ", "_")}"?` : ""}`,
    { hint: "Actions are immediate_rollback, staged_rollback, degraded_mode, set FLAG=false and record." },
  );
}

const doneHow: Record<ActionName, string> = {
  record: "the breach is recorded with its evidence",
  notify: "the breach is recorded with its evidence",
  set_flag: "the flag is set for everybody",
  degraded_mode: "the features of businessContinuity.degraded_mode are turned off",
  scale: "there is more of it by a step each time, and less again when it is over",
  failover: "the database's standby takes over where its primary does not answer",
  staged_rollback: "traffic goes back to the release before",
  immediate_rollback: "traffic goes back to the release before at once",
};

export const byWatcher = (action: ActionName): Enforcement => ({
  by: "watcher",
  how: `looked at each second; ${doneHow[action]}`,
});

/** Reads a condition at a path of the section. */
export const conditionAt = (
  context: KindContext,
  path: (string | number)[],
  given: string | number,
  how: Omit<ConditionContext, "metrics">,
): Condition | undefined =>
  context.read(path, () => readCondition(given, { ...how, metrics: context.metrics }));

export const durationAt = (
  context: KindContext,
  path: (string | number)[],
  given: string | undefined,
): number | undefined => (given === undefined ? undefined : context.read(path, () => readDurationMs(given)));

export const sayAny = (any: Condition[], then: string): string =>
  `${then} when ${any.map(conditionText).join(" or ")}`;
