import type { SignalQuery } from "@evenkeel/model";
import { SignalQueryError } from "../errors.ts";
import { floorTo, hours, type Level, minutes, seconds } from "../store/levels.ts";

/** Which level answers which part of the time, and the buckets that are told. */
export interface QueryRange {
  fromMs: number;
  stepMs: number;
  buckets: number;
  /** In order, without gaps. */
  parts: { level: Level; fromMs: number; toMs: number }[];
}

const mostBuckets = 11_000;
/** From here on hours are read where only whole hours are asked for: sixty times fewer points. */
const longRangeMs = 2 * 86_400_000;

/**
 * Plans what to read: seconds of the last hour, minutes of 30 days, hours before.
 *
 * @throws SignalQueryError
 */
export function queryRange({ fromMs, toMs, stepMs }: SignalQuery, nowMs: number): QueryRange {
  for (const [name, value] of Object.entries({ fromMs, toMs, stepMs })) {
    if (!Number.isFinite(value)) throw new SignalQueryError(`The query's ${name} is no number`);
  }
  if (toMs <= fromMs) throw new SignalQueryError("The query's time ends before it begins");
  if (stepMs < 0 || stepMs % seconds.stepMs !== 0) {
    throw new SignalQueryError(`A step of ${stepMs} ms is not a whole number of seconds`);
  }
  const secondsFromMs = floorTo(nowMs - seconds.keptMs, minutes.stepMs);
  const minutesFromMs = floorTo(nowMs - minutes.keptMs, hours.stepMs);
  const finest = fromMs >= secondsFromMs ? seconds : fromMs >= minutesFromMs ? minutes : hours;
  const beginMs = stepMs === 0 ? floorTo(fromMs, finest.stepMs) : 0;
  const step = stepMs === 0 ? toMs - beginMs : Math.ceil(stepMs / finest.stepMs) * finest.stepMs;
  const begin = stepMs === 0 ? beginMs : floorTo(fromMs, step);
  const buckets = Math.ceil((toMs - begin) / step);
  if (buckets > mostBuckets) {
    throw new SignalQueryError(`${buckets} steps are more than the ${mostBuckets} of one answer`, {
      hint: "Ask for a wider step or a shorter time.",
    });
  }
  const wantsHours = step % hours.stepMs === 0 && toMs - begin > longRangeMs;
  const hoursToMs = wantsHours ? floorTo(secondsFromMs, hours.stepMs) : minutesFromMs;
  const bounds: [Level, number][] = [
    [hours, Math.max(begin, hoursToMs)],
    [minutes, Math.max(begin, secondsFromMs)],
    [seconds, toMs],
  ];
  const parts: QueryRange["parts"] = [];
  let from = begin;
  for (const [level, bound] of bounds) {
    const to = Math.min(bound, toMs);
    if (to > from) parts.push({ level, fromMs: from, toMs: to });
    from = Math.max(from, to);
  }
  return { fromMs: begin, stepMs: step, buckets, parts };
}
