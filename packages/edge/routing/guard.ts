import type { Condition, ConditionOperators, SourceRoute } from "@evenkeel/model";
import type { RequestView } from "./request-view.ts";
import { anchoredPattern, groupsOf, PatternProblem } from "./source-pattern.ts";

/** What a route asks of a request beside its path: `methods`, `has` and `missing`. */
export interface Guard {
  /** Equal for guards that ask the same. */
  readonly key: string;
  /** Names that `captures` fills. */
  readonly captureNames: readonly string[];
  passes(view: RequestView): boolean;
  /** Texts for the route's templates; asked only after `passes`. */
  captures(view: RequestView): Map<string, string>;
}

/** Longer values match no expression: an app's regular expressions see bounded text only. */
const patternInputLimit = 8_192;

/** @throws {PatternProblem} when a condition's expression cannot be compiled. `undefined`: the route asks nothing. */
export function compileGuard(route: SourceRoute): Guard | undefined {
  if (!route.methods && !route.has?.length && !route.missing?.length) return undefined;
  const methods = route.methods && new Set(route.methods.map((method) => method.toUpperCase()));
  const has = (route.has ?? []).map(compileCondition);
  const missing = (route.missing ?? []).map(compileCondition);
  return {
    key: JSON.stringify([route.methods, route.has, route.missing]),
    captureNames: [...new Set(has.flatMap((condition) => condition.captureNames))],
    passes(view) {
      if (methods && !methods.has(view.request.method.toUpperCase())) return false;
      for (const condition of has) if (!condition.holds(condition.read(view))) return false;
      for (const condition of missing) if (condition.holds(condition.read(view))) return false;
      return true;
    },
    captures(view) {
      const captured = new Map<string, string>();
      for (const condition of has) condition.capture(condition.read(view) ?? "", captured);
      return captured;
    },
  };
}

interface CompiledCondition {
  captureNames: string[];
  read(view: RequestView): string | undefined;
  holds(value: string | undefined): boolean;
  capture(value: string, into: Map<string, string>): void;
}

function compileCondition(condition: Condition): CompiledCondition {
  const { type, value } = condition;
  const key = type === "header" ? condition.key?.toLowerCase() : condition.key;
  if (key === undefined && type !== "host") throw new PatternProblem(`a condition on a ${type} names no key`);
  const operators: ConditionOperators | undefined = typeof value === "string" ? { re: value } : value;
  const pattern = operators?.re === undefined ? undefined : anchoredPattern(operators.re, false);
  const groups = pattern ? groupsOf(pattern).names : [];
  // `$` and a name can only refer to letters: Vercel drops the rest of a key (`x-user-id` is `$xuserid`).
  const ownName = type === "host" ? "host" : key!.replace(/[^A-Za-z]/g, "");
  return {
    captureNames: ownName === "" ? groups : [ownName, ...groups],
    read(view) {
      if (type === "host") return view.request.host;
      if (type === "header") return view.header(key!);
      if (type === "cookie") return view.cookie(key!);
      return view.parameter(key!);
    },
    holds(text) {
      if (text === undefined) return false;
      if (operators === undefined) return text !== "";
      return operatorsHold(operators, pattern, text);
    },
    capture(text, into) {
      if (ownName !== "") into.set(ownName, text);
      if (groups.length === 0) return;
      for (const [name, group] of Object.entries(pattern!.exec(text)?.groups ?? {})) {
        if (group !== undefined) into.set(name, group);
      }
    },
  };
}

/** Every operator given must hold. */
function operatorsHold(operators: ConditionOperators, pattern: RegExp | undefined, text: string): boolean {
  if (pattern && (text.length > patternInputLimit || !pattern.test(text))) return false;
  if (operators.eq !== undefined && text !== String(operators.eq)) return false;
  if (operators.neq !== undefined && text === operators.neq) return false;
  if (operators.inc && !operators.inc.includes(text)) return false;
  if (operators.ninc?.includes(text)) return false;
  if (operators.pre !== undefined && !text.startsWith(operators.pre)) return false;
  if (operators.suf !== undefined && !text.endsWith(operators.suf)) return false;
  return numbersHold(operators, text);
}

function numbersHold({ gt, gte, lt, lte }: ConditionOperators, text: string): boolean {
  if (gt === undefined && gte === undefined && lt === undefined && lte === undefined) return true;
  const number = text.trim() === "" ? Number.NaN : Number(text);
  if (Number.isNaN(number)) return false;
  return (
    (gt === undefined || number > gt) &&
    (gte === undefined || number >= gte) &&
    (lt === undefined || number < lt) &&
    (lte === undefined || number <= lte)
  );
}

/** Whether a name meets a transform's target: the name itself, or operators over it. */
export function compileNameMatcher(target: string | ConditionOperators): (name: string) => boolean {
  if (typeof target === "string") return (name) => name === target;
  const pattern = target.re === undefined ? undefined : anchoredPattern(target.re, false);
  return (name) => operatorsHold(target, pattern, name);
}
