import { InvalidValueError } from "../errors.ts";
import { formatDuration, parseDurationMs, parsePercent } from "../units.ts";

/** One step of a staged release. */
export interface RolloutStep {
  /** Of the visitors, above 0, at most 1. */
  share: number;
  /** How long it lasts at least; `null`: until somebody promotes it. */
  durationMs: number | null;
}

const usualDurationMs = 5 * 60_000;
const mostSteps = 20;
const mostDurationMs = 30 * 86_400_000;

const words: readonly [pattern: RegExp, unit: string][] = [
  [/\bseconds?\b|\bsecs?\b/g, "s"],
  [/\bminutes?\b|\bmins?\b/g, "min"],
  [/\bhours?\b/g, "h"],
  [/\bdays?\b/g, "d"],
];

/**
 * Reads `5% for 2 minutes, 25%, 100%`. A step without a duration takes as long as the one before it, the first one five minutes; `until promoted`
 * waits for a person. Shares grow; the release itself is the end, so `100%` at the end may be written or left out, and is a step of its own only
 * with a duration.
 *
 * @returns none for `none` and `100%`: at once
 * @throws InvalidValueError
 */
export function parseRolloutSteps(text: string): RolloutStep[] {
  if (text.trim().toLowerCase() === "none") return [];
  const parts = text.split(",").map((part) => part.trim());
  if (parts.length > mostSteps) throw refusal(text, `it has more than ${mostSteps} steps`);
  const steps: RolloutStep[] = [];
  for (const [index, part] of parts.entries()) {
    const match = /^(\d+(?:\.\d+)?\s*%)(?:\s+(?:for\s+(.+)|(until promoted)))?$/i.exec(part);
    if (!match) throw refusal(text, `"${part.slice(0, 80)}" is no step`);
    const share = parsePercent(match[1]!);
    const before = steps.at(-1);
    if (share <= 0 || share > 1) throw refusal(text, `${match[1]} is not above 0 % and at most 100 %`);
    if (before && share <= before.share)
      throw refusal(text, `${match[1]} is not more than the step before it`);
    if (match[3]) steps.push({ share, durationMs: null });
    else if (match[2]) steps.push({ share, durationMs: readDuration(text, match[2]) });
    else if (share < 1 || index < parts.length - 1)
      steps.push({ share, durationMs: before === undefined ? usualDurationMs : before.durationMs });
  }
  return steps;
}

/** As a person would write them: `5 % for 2 min, 25 % for 2 min, 100 %`. */
export function formatRolloutSteps(steps: readonly RolloutStep[]): string {
  const texts = steps.map(
    ({ share, durationMs }) =>
      `${formatShare(share)} ${durationMs === null ? "until promoted" : `for ${formatDuration(durationMs)}`}`,
  );
  return [...texts, "100 %"].join(", ");
}

/** `5 %`, `0.25 %` */
export const formatShare = (share: number): string => `${Number((share * 100).toFixed(2))} %`;

function readDuration(text: string, written: string): number {
  let compact = written.toLowerCase();
  for (const [pattern, unit] of words) compact = compact.replace(pattern, unit);
  const ms = parseDurationMs(compact);
  if (ms > mostDurationMs) throw refusal(text, `"${written}" is longer than 30 days`);
  return ms;
}

function refusal(text: string, why: string): InvalidValueError {
  return new InvalidValueError(`Steps ${JSON.stringify(text.slice(0, 200))} cannot be read: ${why}`, {
    hint: 'Write shares that grow, each with the time it lasts: "5% for 2 minutes, 25%, 100%". "none" releases at once.',
  });
}
