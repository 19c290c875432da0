import { browserCacheControl, consumedHeaders } from "../cache/cache-control.ts";
import type { Exchange } from "../http/exchange.ts";
import { HeaderFilter } from "../http/header-filter.ts";
import type { AnswerHeaders } from "../routing/resolution.ts";
import type { UpstreamHead } from "../upstream/forward-options.ts";
import { keepOwnScheme } from "./own-location.ts";
import type { CacheStatus, RequestState } from "./request-state.ts";

/** What apps answer to the platform or in its name; the edge alone speaks of itself. */
export const answerHeadersDropped = new HeaderFilter(
  [...consumedHeaders, "x-vercel-id", "x-vercel-cache"],
  ["x-evenkeel-"],
);

const ownNames = ["server", "x-evenkeel-deployment", "x-vercel-cache", "x-vercel-id"];
const alwaysOwn = new HeaderFilter(ownNames);
const ownWhereHidden = new HeaderFilter([...ownNames, "x-robots-tag"]);

/** Makes the head of a function's or another host's answer the client's: what routes add, what the edge says. */
export function decorateHead(
  exchange: Exchange,
  head: UpstreamHead,
  state: RequestState,
  routed: AnswerHeaders,
  cacheStatus: CacheStatus,
): void {
  for (const name of routed.deletedHeaders) head.delete(name);
  for (const test of routed.headerTests ?? []) {
    const names = new Set(
      head
        .pairs()
        .map(([name]) => name)
        .filter(test.matches),
    );
    for (const name of names) {
      if (test.op !== "append") head.delete(name);
      for (const value of test.values) head.append(name, value);
    }
  }
  let given: Set<string> | undefined;
  for (const [name, value] of routed.headers) {
    // Several lines of one name (`link`) come together or not at all.
    given ??= new Set(routed.headers.map(([each]) => each).filter((each) => head.get(each) !== undefined));
    if (!given.has(name)) head.append(name, value);
  }
  let replaced: Set<string> | undefined;
  for (const [name, value] of routed.importantHeaders) {
    replaced ??= new Set();
    if (replaced.has(name)) head.append(name, value);
    else head.set(name, value);
    replaced.add(name);
  }
  for (const [name, value] of routed.appendedHeaders) head.append(name, value);
  keepOwnScheme(head, exchange);
  const cacheControl = head.get("cache-control");
  const browsers = browserCacheControl(cacheControl);
  if (cacheControl !== browsers || head.getAll("cache-control").length > 1)
    head.set("cache-control", browsers);
  const { ownLines, isHidden } = state.served;
  head.own(
    `${ownLines}x-vercel-cache: ${cacheStatus}\r\nx-vercel-id: ${state.requestId}\r\n`,
    isHidden ? ownWhereHidden : alwaysOwn,
  );
}
