import type { AnswerState } from "./answer-state.ts";
import type { FilledDestination } from "./destination.ts";
import type { OutputEntry } from "./output-index.ts";
import { formatQuery, mergeQuery } from "./query-string.ts";
import type { RequestView } from "./request-view.ts";
import type { ForwardedRequest, Pairs, Resolution } from "./resolution.ts";

/** Where routing ended. All but the client's query string is settled, so that it serves every request that takes the same way. */
export class Conclusion {
  private readonly plain: Resolution;

  constructor(private readonly build: (query: string) => Resolution) {
    this.plain = build("");
  }

  for(query: string): Resolution {
    return query === "" ? this.plain : this.build(query);
  }
}

/** What routing has come to know beside the output that answers. */
export interface Findings {
  answer: AnswerState;
  status: number | undefined;
  /** Encoded parameters that routes added. */
  added: Pairs;
  /** Canonical. */
  path: string;
  /** Canonical path before a dynamic route put its pattern in its place. */
  pagePath: string;
  routeMatches: string;
  view: RequestView;
}

export function concludeWithOutput(entry: OutputEntry, findings: Findings): Conclusion {
  const { status, path: matchedPath } = findings;
  const common = {
    key: entry.key,
    matchedPath,
    ...(status !== undefined && { status }),
    ...findings.answer.finished(),
  };
  if (entry.kind === "file") {
    const resolution: Resolution = { kind: "file", file: entry.file, ...common };
    return new Conclusion(() => resolution);
  }
  const forwarded = forwardedRequest(findings);
  if (entry.kind === "function") {
    return new Conclusion((query) => ({
      kind: "function",
      function: entry.function,
      ...common,
      ...forwarded(query),
    }));
  }
  const { pagePath, routeMatches } = findings;
  return new Conclusion((query) => ({
    kind: "prerender",
    prerender: entry.prerender,
    function: entry.function,
    pagePath,
    routeMatches,
    ...common,
    ...forwarded(query),
  }));
}

export function concludeWithImage({ answer }: Findings): Conclusion {
  const headers = answer.finished();
  return new Conclusion((query) => ({ kind: "image", query, ...headers }));
}

/** The client's parameters go along, except those that the destination names itself. */
export function concludeWithRedirect(status: number, to: FilledDestination, answer: AnswerState): Conclusion {
  const headers = answer.finished();
  return new Conclusion((query) => {
    const location = withQuery(to.origin + to.path, mergeQuery(query, to.parameters)) + to.fragment;
    // Vercel adds it to permanent redirects, for clients that do not know 308.
    const refresh: Pairs = status === 308 ? [["refresh", `0;url=${location}`]] : [];
    return { kind: "redirect", status, location, ...headers, headers: [...headers.headers, ...refresh] };
  });
}

/** @param base URL without query and fragment. */
export function concludeWithProxy(base: string, findings: Findings): Conclusion {
  const forwarded = forwardedRequest(findings);
  const { answer, status } = findings;
  const common = { ...(status !== undefined && { status }), ...answer.finished() };
  return new Conclusion((query) => {
    const request = forwarded(query);
    return { kind: "proxy", url: withQuery(base, request.query), ...common, ...request };
  });
}

/** For what no output answers. */
export function concludeWithWeb(findings: Findings): Conclusion {
  const forwarded = forwardedRequest(findings);
  const headers = findings.answer.finished();
  return new Conclusion((query) => ({ kind: "web", ...headers, ...forwarded(query) }));
}

export function concludeWithStatus(status: number, code: string, answer: AnswerState): Conclusion {
  const resolution: Resolution = { kind: "status", status, code, ...answer.finished() };
  return new Conclusion(() => resolution);
}

/** How the request is passed on, for a client's query string. */
export function forwardedRequest({
  added,
  view,
}: Pick<Findings, "added" | "view">): (query: string) => ForwardedRequest {
  const parameters = formatQuery(added);
  const setRequestHeaders = view.setHeaders();
  const deleteRequestHeaders = view.deletedHeaders();
  const changes = {
    ...(setRequestHeaders.length > 0 && { setRequestHeaders }),
    ...(deleteRequestHeaders.length > 0 && { deleteRequestHeaders }),
    ...(view.path !== undefined && { requestPath: view.path }),
  };
  return (query) => ({ query: mergeQuery(query, added), parameters, ...changes });
}

const withQuery = (url: string, query: string): string => (query === "" ? url : `${url}?${query}`);

/** Groups by number and by name, as `x-now-route-matches` has them; Next.js decodes twice, once for the header and once for the path. */
export function formatMatches(match: RegExpExecArray): string {
  const numbered = [...match]
    .map((text, number): [string, string | undefined] => [String(number), text])
    .slice(1);
  return [...numbered, ...Object.entries(match.groups ?? {})]
    .filter(([, text]) => text !== undefined)
    .map(([name, text]) => `${name}=${encodeURIComponent(text!)}`)
    .join("&");
}
