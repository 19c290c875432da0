import type { BypassRule, Prerender } from "@evenkeel/model";

/** What of a request decides whether it may be answered from the cache. */
export interface BypassRequest {
  readonly method: string;
  readonly host: string;
  readonly query: string;
  header(name: string): string | undefined;
}

/**
 * Why a request is not answered with the cached page:
 * - `revalidate`: the app itself asks for the page to be made anew (`x-prerender-revalidate` with the output's token);
 * - `bypass`: preview (draft) mode, a rule such as Next.js's for server actions, or a method that is not for cached pages.
 */
export function bypassReason(
  request: BypassRequest,
  prerender: Prerender,
): "revalidate" | "bypass" | undefined {
  if (request.method !== "GET" && request.method !== "HEAD") return "bypass";
  const { bypassToken } = prerender;
  if (bypassToken) {
    if (request.header("x-prerender-revalidate") === bypassToken) return "revalidate";
    if (cookie(request.header("cookie"), "__prerender_bypass") === bypassToken) return "bypass";
  }
  const rules = prerender.bypassFor ?? prerender.experimentalBypassFor;
  return rules?.some((rule) => ruleHolds(rule, request)) ? "bypass" : undefined;
}

function ruleHolds(rule: BypassRule, request: BypassRequest): boolean {
  switch (rule.type) {
    case "host":
      return matches(rule.value, request.host);
    case "header":
      return matches(rule.value, request.header((rule.key ?? "").toLowerCase()));
    case "cookie":
      return matches(rule.value, cookie(request.header("cookie"), rule.key ?? ""));
    case "query":
      return matches(rule.value, new URLSearchParams(request.query).get(rule.key ?? "") ?? undefined);
  }
}

/** A value without a pattern only has to be there. */
function matches(pattern: unknown, value: string | undefined): boolean {
  if (value === undefined) return false;
  if (pattern === undefined || pattern === null) return true;
  return typeof pattern === "string" && compiled(pattern).test(value);
}

const patterns = new Map<string, RegExp>();

function compiled(pattern: string): RegExp {
  let regex = patterns.get(pattern);
  if (!regex) {
    try {
      regex = new RegExp(`^(?:${pattern})$`);
    } catch {
      regex = /^(?!)/;
    }
    if (patterns.size >= 1_024) patterns.clear();
    patterns.set(pattern, regex);
  }
  return regex;
}

function cookie(header: string | undefined, name: string): string | undefined {
  if (header === undefined) return undefined;
  for (const part of header.split(";")) {
    const at = part.indexOf("=");
    if (at !== -1 && part.slice(0, at).trim() === name) return part.slice(at + 1).trim();
  }
  return undefined;
}
