import type { Prerender } from "@evenkeel/model";
import type { Pairs, PrerenderResolution } from "../routing/resolution.ts";

/** Which page a request is for, and how to ask its function for just that page. */
export interface PageIdentity {
  /** Unique within a deployment. */
  key: string;
  /** It has parameters of its own: a fallback stands in for it, but is not it. */
  specific: boolean;
  /** Request target for rendering. */
  target: string;
  /** Value of `x-now-route-matches`; `""`: none. */
  routeMatches: string;
  /** The client's headers that the page may depend on. */
  headers: [name: string, value: string][];
  /** Names the prerenders that are made anew together with this one; undefined where there are none. */
  groupTag: string | undefined;
  /** Carried by every state of this page: for making one page anew on demand. */
  pageTag: string;
}

/** Next.js allows them by name, but they are the platform's to set: none of them makes another page. */
const platformHeaders = new Set([
  "host",
  "x-matched-path",
  "x-next-revalidate-tag-token",
  "x-next-revalidated-tags",
  "x-prerender-revalidate",
  "x-prerender-revalidate-if-generated",
]);

/** Whether headers of a client can make a difference to a page. */
export const variesByHeaders = ({ allowHeader }: Prerender): boolean =>
  allowHeader?.some((name) => !platformHeaders.has(name.toLowerCase())) ?? false;

/**
 * As on Vercel a page is told apart by its output path, the query parameters of `allowQuery` (those that routes added among them, such as
 * Next.js's `nxtPslug`) and the headers of `allowHeader`; never by the path that the client typed, since several may lead to it.
 */
export function identifyPage(
  resolution: PrerenderResolution,
  header: (name: string) => string | undefined,
): PageIdentity {
  const { prerender, key: outputKey, matchedPath } = resolution;
  const query = allowedQuery(resolution.query, prerender.allowQuery);
  const headers: [string, string][] = [];
  for (const given of prerender.allowHeader ?? []) {
    const name = given.toLowerCase();
    const value = platformHeaders.has(name) ? undefined : header(name);
    if (value !== undefined) headers.push([name, value]);
  }
  const queryKey = query.join("&");
  const shared = sharedMatches(resolution.routeMatches, prerender, matchedPath);
  const path = shared === undefined ? resolution.pagePath : matchedPath;
  const passed = prerender.passQuery && queryKey !== "" ? `?${queryKey}` : "";
  return {
    key:
      headers.length === 0
        ? `${outputKey}\n${queryKey}`
        : `${outputKey}\n${queryKey}\n${JSON.stringify(headers)}`,
    specific: queryKey !== "",
    target: path + passed,
    routeMatches: shared ?? resolution.routeMatches,
    headers,
    groupTag: prerender.group === undefined ? undefined : `group:${prerender.group}:${queryKey}`,
    pageTag: `page:${outputKey}\n${queryKey}`,
  };
}

/** The parameters that count, sorted, so that their order makes no second page. */
function allowedQuery(query: string, allowed: readonly string[] | undefined): string[] {
  if (query === "" || allowed?.length === 0) return [];
  const pairs = query.split("&").filter((pair) => pair !== "");
  if (allowed === undefined) return pairs.sort();
  return pairs.filter((pair) => allowed.includes(decode(pair.split("=", 1)[0]!))).sort();
}

/**
 * Where a parameter of the path is not part of the key (Partial Prerendering shares one shell among all values), the render must not learn
 * its value, or one visitor's page would become everybody's: Next.js then gets the pattern (`[slug]`) in its place.
 *
 * @returns the matches to send, undefined where every parameter is part of the key.
 */
function sharedMatches(matches: string, { allowQuery }: Prerender, matchedPath: string): string | undefined {
  if (matches === "" || allowQuery === undefined) return undefined;
  const named = matches.split("&").filter((pair) => /^nxt[PI]/.test(pair));
  const unknown = named.filter((pair) => !allowQuery.includes(pair.split("=", 1)[0]!));
  if (unknown.length === 0) return undefined;
  const placeholders = new Map(
    [...matchedPath.matchAll(/\[\[?(?:\.\.\.)?([^\]]+)\]\]?/g)].map(([whole, name]) => [name!, whole]),
  );
  return named
    .map((pair) => {
      if (!unknown.includes(pair)) return pair;
      const name = pair.split("=", 1)[0]!;
      const placeholder = placeholders.get(name.slice("nxtP".length));
      return placeholder === undefined ? undefined : `${name}=${encodeURIComponent(placeholder)}`;
    })
    .filter((pair) => pair !== undefined)
    .join("&");
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    return text;
  }
}

/** Headers of a request as a function that finds the first value of a name. */
export const headerIn =
  (headers: Pairs) =>
  (name: string): string | undefined =>
    headers.find(([other]) => other === name)?.[1];
