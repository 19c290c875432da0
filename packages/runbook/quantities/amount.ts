import { InvalidValueError, parseSizeBytes } from "@evenkeel/model";
import { readDurationMs, spaced } from "./duration.ts";

/** What a measure is counted in. Shares are fractions of one. */
export type Unit = "share" | "ms" | "bytes" | "count" | "per_second" | "micro_usd";

const multiples: Record<string, number> = { k: 1e3, m: 1e6, b: 1e9 };

/**
 * Reads an amount of a unit: `5%`, `10 percent`, `p95`'s `3s`, `512MB`, `180k`, `80% of 180k`, `100/s`, `$50`. A bare number is percent for
 * shares and milliseconds for times.
 *
 * @throws InvalidValueError
 */
export function readAmount(given: string | number, unit: Unit): number {
  const text = spaced(String(given));
  const of = /^(\d+(?:\.\d+)?)\s*(?:%|percent)\s+of\s+(.+)$/.exec(text);
  if (of && unit !== "share") return (Number(of[1]) / 100) * readAmount(of[2]!, unit);
  const amount = readers[unit](text);
  if (amount !== undefined) return amount;
  throw new InvalidValueError(`${JSON.stringify(given)} is no ${nouns[unit][0]}`, {
    hint: `Write it as ${nouns[unit][1]}.`,
  });
}

const nouns: Record<Unit, [string, string]> = {
  share: ["percentage", "'5%'"],
  ms: ["time", "'3s' or '500 ms'"],
  bytes: ["size", "'512MB'"],
  count: ["number", "'200' or '180k'"],
  per_second: ["rate", "'100/s' or '6000 per minute'"],
  micro_usd: ["sum of money", "'$50' or '50 USD'"],
};

const readers: Record<Unit, (text: string) => number | undefined> = {
  share(text) {
    const match = /^(\d+(?:\.\d+)?)\s*(?:%|percent)?$/.exec(text);
    return match ? Number(match[1]) / 100 : undefined;
  },
  ms(text) {
    if (/^\d+(?:\.\d+)?$/.test(text)) return Number(text);
    return attempt(() => readDurationMs(text));
  },
  bytes: (text) => attempt(() => parseSizeBytes(text.replace(/\s*max(?:imum)?$/, "").replace(/^max\s*/, ""))),
  count(text) {
    const match = /^(\d+(?:\.\d+)?)\s*([kmb])?$/.exec(text.replaceAll(",", ""));
    return match ? Number(match[1]) * (match[2] === undefined ? 1 : multiples[match[2]]!) : undefined;
  },
  per_second(text) {
    const match =
      /^(\d+(?:\.\d+)?)\s*([kmb])?\s*(?:req(?:uest)?s?|calls?)?\s*(?:(?:\/|per)\s*(s|sec(?:ond)?|m|min(?:ute)?|h|hour)s?)?$/.exec(
        text,
      );
    if (!match) return undefined;
    const seconds = { s: 1, m: 60, h: 3_600 }[match[3]?.[0] ?? "s"]!;
    return (Number(match[1]) * (match[2] === undefined ? 1 : multiples[match[2]]!)) / seconds;
  },
  micro_usd(text) {
    const match = /^(?:\$|usd)?\s*(\d+(?:\.\d+)?)\s*(?:\$|usd|dollars?)?$/.exec(text.replaceAll(",", ""));
    return match ? Math.round(Number(match[1]) * 1e6) : undefined;
  },
};

function attempt(read: () => number): number | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
