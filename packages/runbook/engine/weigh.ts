import type { Watch } from "../language/clause.ts";
import type { Condition } from "../language/condition.ts";
import type { SignalReader, Target, WindowReading } from "./signal-reader.ts";

/** - `unknown`: too little is known to say. No traffic is not health, and neither is no signal. */
export type ConditionState = "ok" | "breached" | "unknown";

export interface Weighed {
  state: ConditionState;
  /** Of the measure, in its unit; absent where nothing is known. For percentiles the share of values beyond the threshold. */
  value?: number;
  samples: number;
  knownS: number;
  windowS: number;
}

/** Of a window's seconds so much has to be known for a verdict that rests on what is not there. */
const neededShare = 0.5;
/** A level counts for a window once it was looked at for so much of it. */
const neededOfLevels = 0.8;

/**
 * Whether a condition is so.
 *
 * Shares and percentiles of requests count against the whole window: the time that is not known, or before the release, is taken for
 * healthy at the traffic that was seen. So a breach is told as soon as nothing could undo it any more, and a stall just after a release is
 * weighed as the same stall later. Levels, rates and lower bounds wait for their window.
 *
 * @param wasBreached it has then to come well below the threshold to be over
 */
export function weigh(
  condition: Condition,
  watch: Pick<Watch, "minimumSamples" | "recoversAt" | "detail">,
  signals: SignalReader,
  target: Target,
  nowS: number,
  wasBreached: boolean,
): Weighed {
  const windowS = Math.max(1, Math.round(condition.windowMs / 1_000));
  const { measure } = condition;
  const ownS = measure.about === "deployment" ? target.sinceS : Number.NEGATIVE_INFINITY;
  const fromS = Math.max(nowS - windowS, ownS);
  const reading = signals.read(condition, target, watch.detail, fromS, nowS);
  const told = { samples: reading.samples, knownS: reading.knownS, windowS };
  const bound = wasBreached ? easier(condition, watch.recoversAt) : condition;
  switch (measure.reading.how) {
    case "ratio":
    case "quantile":
      return {
        ...told,
        ...weighShare(bound, watch, reading, { windowS, livedS: nowS - fromS, wasBreached }),
      };
    case "failures": {
      const needed = wasBreached ? 1 : condition.threshold;
      const value = reading.failedInARow;
      if (reading.samples === 0) return { ...told, state: "unknown" };
      return { ...told, value, state: value >= needed ? "breached" : "ok" };
    }
    case "sum":
      return { ...told, ...weighSum(bound, reading, windowS) };
    default:
      return { ...told, ...weighLevel(bound, reading, windowS) };
  }
}

function weighShare(
  bound: Condition,
  { minimumSamples, recoversAt }: Pick<Watch, "minimumSamples" | "recoversAt">,
  { samples, beyond, knownS }: WindowReading,
  { windowS, livedS, wasBreached }: { windowS: number; livedS: number; wasBreached: boolean },
): Pick<Weighed, "state" | "value"> {
  if (samples === 0 || knownS === 0) return { state: "unknown" };
  const value = beyond / samples;
  if (samples < minimumSamples) return { state: "unknown", value };
  const { reading } = bound.measure;
  // A percentile is beyond the threshold where more values are than it leaves out.
  const limit =
    reading.how === "quantile" ? (1 - reading.quantile) * (wasBreached ? recoversAt : 1) : bound.threshold;
  const upper = bound.is.startsWith(">");
  const share = upper ? beyond / ((samples / knownS) * windowS) : value;
  const isWhole = upper || knownS >= windowS * neededOfLevels;
  if (isWhole && exceeds(share, bound.is, limit)) return { state: "breached", value };
  return { state: knownS >= Math.min(windowS, livedS) * neededShare ? "ok" : "unknown", value };
}

/** A sum that is too large already stays so, whatever is not known. */
function weighSum(
  bound: Condition,
  { sum, knownS }: WindowReading,
  windowS: number,
): Pick<Weighed, "state" | "value"> {
  if (knownS === 0) return { state: "unknown" };
  if (bound.is.startsWith(">") && exceeds(sum, bound.is, bound.threshold))
    return { state: "breached", value: sum };
  if (knownS < windowS * neededShare)
    return { state: bound.is.startsWith(">") ? "ok" : "unknown", value: sum };
  return { state: exceeds(sum, bound.is, bound.threshold) ? "breached" : "ok", value: sum };
}

function weighLevel(
  bound: Condition,
  { sum, whole, knownS }: WindowReading,
  windowS: number,
): Pick<Weighed, "state" | "value"> {
  if (knownS === 0) return { state: "unknown" };
  const isShare = bound.measure.reading.how === "share";
  if (isShare && whole === 0) return { state: "unknown" };
  const value = isShare ? sum / whole : sum / knownS;
  if (knownS < windowS * neededOfLevels) return { state: "unknown", value };
  return { state: exceeds(value, bound.is, bound.threshold) ? "breached" : "ok", value };
}

function exceeds(value: number, is: Condition["is"], threshold: number): boolean {
  switch (is) {
    case ">":
      return value > threshold;
    case ">=":
      return value >= threshold;
    case "<":
      return value < threshold;
    default:
      return value <= threshold;
  }
}

/** What a breach has to pass to be over: further from the threshold than what began it. */
const easier = (condition: Condition, recoversAt: number): Condition => ({
  ...condition,
  threshold: condition.is.startsWith(">")
    ? condition.threshold * recoversAt
    : condition.threshold / recoversAt,
});
