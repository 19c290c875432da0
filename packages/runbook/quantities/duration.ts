import { InvalidValueError, parseDurationMs } from "@evenkeel/model";

const dayMs = 86_400_000;
const words: [RegExp, string][] = [
  [/\bmilliseconds?\b/g, "ms"],
  [/\b(?:seconds?|secs?)\b/g, "s"],
  [/\b(?:minutes?|mins?)\b/g, "m"],
  [/\b(?:hours?|hrs?)\b/g, "h"],
  [/\bdays?\b/g, "d"],
  [/\bweeks?\b/g, "w"],
];

/** Months and years as retention means them: at least so long. */
const long: Record<string, number> = { month: 31 * dayMs, year: 366 * dayMs };

/**
 * Reads a duration as people write it into milliseconds: `5 minutes`, `30s`, `1h30m`, `7_days`, `12 weeks`, `1 year`, `< 5 minutes`. A limit
 * (`<`, `within`, `at most`) reads as the time that it names.
 *
 * @throws InvalidValueError
 */
export function readDurationMs(text: string): number {
  const plain = spaced(text).replace(/^(?:<=?|within|at most|up to|under)\s*/, "");
  const year = /^(?:(\d+)\s*|an?\s+)(month|year)s?$/.exec(plain);
  if (year) return Number(year[1] ?? 1) * long[year[2]!]!;
  const short = words.reduce((given, [word, unit]) => given.replace(word, unit), plain);
  try {
    return parseDurationMs(short.replace(/^an?\s+/, "1 "));
  } catch {
    throw new InvalidValueError(`${JSON.stringify(text.slice(0, 80))} is no duration`, {
      hint: "Write a number and a unit: '30 seconds', '5 minutes', '4 hours', '30 days', '1 year'.",
    });
  }
}

/** `15-30 minutes` → the longer of the two; else as `readDurationMs`. */
export function readLongestMs(text: string): number {
  const range = /^(\d+(?:\.\d+)?)\s*(?:-|–|to)\s*(\d+(?:\.\d+)?\s*[a-z]+)$/.exec(spaced(text));
  return readDurationMs(range ? range[2]! : text);
}

/** `7_days` and `7 days` are one. */
export const spaced = (text: string): string => text.trim().toLowerCase().replaceAll("_", " ");
