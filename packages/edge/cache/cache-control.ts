/** What an answer's headers allow this cache to do: https://vercel.com/docs/caching/cache-control-headers */
export interface CachePolicy {
  /** Seconds for which the answer is fresh here; undefined: it asks for no shared caching. */
  freshS: number | undefined;
  /** Seconds beyond `freshS` for which it may be given while it is made again. */
  staleS: number;
  /** `private` or `no-store`: no shared cache may keep it. */
  forbidden: boolean;
}

/** The targeted headers (RFC 9213), the most specific first: the first that is there decides alone. */
const targetedHeaders = ["vercel-cdn-cache-control", "cdn-cache-control"] as const;

/** What browsers are told where nothing else is said: always ask again. */
export const defaultCacheControl = "public, max-age=0, must-revalidate";

const yearS = 31_536_000;

/** @param header first value of a header of the answer, by its lower-case name. */
export function readCachePolicy(header: (name: string) => string | undefined): CachePolicy {
  for (const name of targetedHeaders) {
    const value = header(name);
    // In a targeted header, `max-age` speaks to the shared cache as well.
    if (value !== undefined) return policyOf(readDirectives(value), ["s-maxage", "max-age"]);
  }
  const value = header("cache-control");
  return value === undefined ? noPolicy : policyOf(readDirectives(value), ["s-maxage"]);
}

const noPolicy: CachePolicy = { freshS: undefined, staleS: 0, forbidden: false };

function policyOf(directives: Map<string, string>, ages: string[]): CachePolicy {
  const forbidden = directives.has("private") || directives.has("no-store") || directives.has("no-cache");
  const age = ages.find((name) => directives.has(name));
  const freshS = age === undefined ? undefined : readSeconds(directives.get(age)!);
  return { freshS, staleS: readSeconds(directives.get("stale-while-revalidate") ?? "0") ?? 0, forbidden };
}

function readSeconds(text: string): number | undefined {
  return /^\d+$/.test(text) ? Math.min(Number(text), yearS) : undefined;
}

function readDirectives(value: string): Map<string, string> {
  const directives = new Map<string, string>();
  for (const part of value.toLowerCase().split(",")) {
    const [name, given = ""] = part.trim().split("=", 2);
    if (name) directives.set(name, given.replace(/^"|"$/g, ""));
  }
  return directives;
}

/** `Cache-Control` for the browser: without what was meant for this cache. */
export function browserCacheControl(value: string | undefined): string {
  if (value === undefined) return defaultCacheControl;
  if (!/s-maxage|stale-while-revalidate/i.test(value)) return value;
  const kept = value
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "" && !/^(?:s-maxage|stale-while-revalidate)(?:=|$)/i.test(part));
  const says = (name: string) => kept.some((part) => part.toLowerCase().startsWith(name));
  if (says("max-age") || says("no-") || says("private")) return kept.join(", ");
  return defaultCacheControl;
}

/** Headers that speak to this cache and never reach a client. */
export const consumedHeaders: readonly string[] = [
  "vercel-cdn-cache-control",
  "cdn-cache-control",
  "vercel-cache-tag",
  "x-next-cache-tags",
];
