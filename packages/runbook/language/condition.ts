import { InvalidValueError } from "@evenkeel/model";
import { readAmount } from "../quantities/amount.ts";
import { readDurationMs, spaced } from "../quantities/duration.ts";
import { type AppMetric, type Measure, readMeasure } from "./measure.ts";

/** Something that is so or not so of signals over a window. */
export interface Condition {
  measure: Measure;
  /** The breach, not the target: `p95 < 2s` as a target is broken by `>=`. */
  is: ">" | ">=" | "<" | "<=";
  /** In the measure's unit; for `failures` how many in a row. */
  threshold: number;
  windowMs: number;
}

/** What the watcher holds of one-second signals. */
export const longestWindowMs = 3_600_000;
/** Spend and other sums are watched by the minute beyond that. */
export const longestSumWindowMs = 31 * 86_400_000;
const shortestWindowMs = 1_000;
/** Where neither a clause nor its condition says how long. */
const usualWindowMs = 60_000;
const mostFailures = 100;

export interface ConditionContext {
  metrics: Readonly<Record<string, AppMetric>>;
  /** What the condition is about where it does not say: the key that it stands under. */
  measure?: string;
  windowMs?: number;
  /** The text says what is wanted; the breach is its contrary. */
  isTarget?: boolean;
}

const contrary = { ">": "<=", ">=": "<", "<": ">=", "<=": ">" } as const;
const words: Record<string, Condition["is"]> = {
  over: ">",
  above: ">",
  exceeds: ">",
  under: "<",
  below: "<",
};

/**
 * Reads a condition: `p95 > 5 seconds`, `response_time_p95 > 3s`, `error_rate > 5% for 5 minutes`, `error_rate_over_10_percent`,
 * `health_check_fails_3_consecutive`, or a bare amount (`5%`) of what the context names.
 *
 * @throws InvalidValueError
 */
export function readCondition(given: string | number, context: ConditionContext): Condition {
  const text = String(given).trim();
  const failures = /^health checks? fail(?:s|ed|ing|ures)? (\d+) (?:consecutive(?:ly)?|in a row|times)$/.exec(
    spaced(text),
  );
  if (failures) return inARow(Number(failures[1]), context);
  const { measured, is, rest } = split(text);
  const timed = /^(.*?)\s+(?:for|over|during|in|within)\s+(.+)$/.exec(rest);
  const windowMs = timed ? readDurationMs(timed[2]!) : context.windowMs;
  const measure = measureOf(measured, context);
  const amount = timed ? timed[1]! : rest;
  const condition: Condition = {
    ...{ measure, is: context.isTarget ? contrary[is ?? "<"] : (is ?? ">") },
    threshold: readAmount(typeof given === "number" ? given : amount, measure.unit),
    windowMs: windowMs ?? usualWindowMs,
  };
  refuseSenseless(condition, text);
  return condition;
}

function inARow(count: number, { metrics, windowMs }: ConditionContext): Condition {
  if (count < 1 || count > mostFailures) {
    throw new InvalidValueError(
      `${count} failures in a row cannot be waited for: use 1 to ${mostFailures} checks`,
    );
  }
  const measure = readMeasure("health_check", metrics);
  return { measure, is: ">=", threshold: count, windowMs: windowMs ?? longestWindowMs };
}

function split(text: string): { measured: string; is: Condition["is"] | undefined; rest: string } {
  const sign = /^(.*?)(>=|<=|≥|≤|>|<)\s*(.+)$/.exec(text);
  if (sign) {
    const is = sign[2]!.replace("≥", ">=").replace("≤", "<=") as Condition["is"];
    return { measured: sign[1]!.trim(), is, rest: sign[3]!.trim() };
  }
  const word = /^(.+?)[_\s](over|above|exceeds|under|below)[_\s](.+)$/.exec(text);
  if (word && /\d/.test(word[3]!) && !/\d\s*(?:%|[a-z]+)?$/.test(word[1]!.replace(/p\d+$/, ""))) {
    return { measured: word[1]!, is: words[word[2]!], rest: spaced(word[3]!) };
  }
  return { measured: "", is: undefined, rest: text };
}

/** `p95` under the key `responseTime` is a percentile of that; another name stands for itself. */
function measureOf(measured: string, { measure, metrics }: ConditionContext): Measure {
  if (measured === "" && measure === undefined) {
    throw new InvalidValueError("The condition names nothing that is measured", {
      hint: "Write it as 'error_rate > 5%' or 'p95 > 5 seconds'.",
    });
  }
  if (measured === "") return readMeasure(measure!, metrics);
  if (/^p\d{2}(?:\.?\d)?$/i.test(measured) && measure !== undefined) {
    const own = attempt(() => readMeasure(`${measure}_${measured}`, metrics));
    if (own) return own;
  }
  return readMeasure(measured, metrics);
}

function attempt(read: () => Measure): Measure | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

function refuseSenseless({ measure, is, threshold, windowMs }: Condition, text: string): void {
  if (measure.unit === "share" && threshold > 1 && measure.name !== "cpu") {
    throw new InvalidValueError(`${text}: no share is over 100 %`);
  }
  if (measure.unit === "share" && threshold === 1 && is === ">" && measure.name !== "cpu") {
    throw new InvalidValueError(`${text}: nothing is over 100 %, so this would never be so`, {
      hint: "Write '>= 100%', or a lower threshold.",
    });
  }
  if (threshold === 0 && is === "<") throw new InvalidValueError(`${text}: nothing is below zero`);
  if (threshold === 0 && is === ">=")
    throw new InvalidValueError(`${text}: everything is at least zero, so this would always be so`);
  const sums = measure.reading.how === "sum";
  const longest = sums ? longestSumWindowMs : longestWindowMs;
  if (windowMs > longest) {
    throw new InvalidValueError(
      `A window of ${windowMs / 60_000} minutes is longer than the history that is watched: ${longest / 60_000} minutes`,
    );
  }
  if (windowMs < shortestWindowMs) {
    throw new InvalidValueError("A window shorter than a second cannot be seen: signals are one a second");
  }
}

/** `error_rate > 5 % over 5 min`, for people. */
export function conditionText({ measure, is, threshold, windowMs }: Condition): string {
  if (measure.reading.how === "failures") return `${threshold} failed health checks in a row`;
  return `${measure.name} ${is} ${amountText(threshold, measure.unit)} over ${durationText(windowMs)}`;
}

export function amountText(amount: number, unit: Measure["unit"]): string {
  const round = (value: number) => Number(value.toPrecision(4));
  switch (unit) {
    case "share":
      return `${round(amount * 100)} %`;
    case "ms":
      return amount >= 1_000 ? `${round(amount / 1_000)} s` : `${round(amount)} ms`;
    case "bytes":
      return `${round(amount / 1024 ** 2)} MiB`;
    case "per_second":
      return `${round(amount)}/s`;
    case "micro_usd":
      return `$${round(amount / 1e6)}`;
    default:
      return String(round(amount));
  }
}

const longUnits: [number, string][] = [
  [86_400_000, "d"],
  [3_600_000, "h"],
  [60_000, "min"],
];

function durationText(ms: number): string {
  const [size, unit] = longUnits.find(([each]) => ms % each === 0) ?? [1_000, "s"];
  return `${Math.round((ms / size) * 10) / 10} ${unit}`;
}
