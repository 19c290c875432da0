import type { CachedAnswer, Decoration } from "../cache/cached-answer.ts";
import { acceptedCodings } from "../cache/content-coding.ts";
import { evaluateConditions } from "../files/conditions.ts";
import type { Exchange, HeaderPairs } from "../http/exchange.ts";
import { prepareResponse } from "../http/prepared-response.ts";
import { answerHeaders } from "../routing/answer-headers.ts";
import type { AnswerHeaders } from "../routing/resolution.ts";
import { type CacheStatus, type RequestState, requestHeadersOf } from "./request-state.ts";

/** Where an answer stands in the routes. */
export interface RoutedAnswer extends AnswerHeaders {
  status?: number;
  matchedPath: string;
}

/**
 * Sends an answer from memory in one write.
 *
 * @param keepOwn its own headers win over those of routes: a function's answer, not a page.
 */
export function sendCached(
  exchange: Exchange,
  state: RequestState,
  routed: RoutedAnswer,
  answer: CachedAnswer,
  cacheStatus: CacheStatus,
  keepOwn: boolean,
): void {
  const { content } = answer;
  answer.given = true;
  const status = routed.status ?? content.status;
  const coding = answer.compressible
    ? answer.coding(acceptedCodings(exchange.header("accept-encoding")))
    : undefined;
  const decoration: Decoration = {
    ownHeaders: state.served.ownHeaders,
    routeHeaders: routed,
    matchedPath: routed.matchedPath,
    status,
    coding,
  };
  const ageS = Math.max(0, Math.floor((Date.now() - content.createdMs) / 1_000));
  const ifNoneMatch = status === 200 ? exchange.header("if-none-match") : undefined;
  if (ifNoneMatch !== undefined) {
    const etag = etagOf(answer, coding);
    if (evaluateConditions(undefined, ifNoneMatch, etag.replace(/^W\//, "")) === "not_modified") {
      const headers = cachedHeaders(answer, decoration, keepOwn).filter(
        ([name]) => name !== "content-type" && name !== "content-encoding",
      );
      exchange.respond(304, [...headers, ...requestHeadersOf(state, cacheStatus, ageS)]);
      return;
    }
  }
  let prepared = answer.findPrepared(decoration);
  if (!prepared) {
    prepared = prepareResponse(status, cachedHeaders(answer, decoration, keepOwn), answer.body(coding));
    answer.keepPrepared(decoration, prepared);
  }
  exchange.respondPrepared(prepared, requestHeadersOf(state, cacheStatus, ageS));
}

function cachedHeaders(answer: CachedAnswer, decoration: Decoration, keepOwn: boolean): HeaderPairs {
  const { coding, matchedPath, ownHeaders, routeHeaders } = decoration;
  const own: [string, string][] = answer.content.headers
    .filter(([name]) => name !== "etag")
    .map(([name, value]) => [name, value]);
  own.push(["etag", etagOf(answer, coding)], ["x-matched-path", matchedPath]);
  if (coding !== undefined) own.push(["content-encoding", coding]);
  const headers = answerHeaders(own, routeHeaders, keepOwn);
  if (answer.compressible) addVary(headers, "accept-encoding");
  const platforms = new Set(ownHeaders.map(([name]) => name));
  return [...headers.filter(([name]) => !platforms.has(name)), ...ownHeaders];
}

/** Another coding is another representation, with a tag of its own. */
const etagOf = ({ etag }: CachedAnswer, coding: string | undefined): string =>
  coding === undefined ? etag : etag.replace(/"$/, `-${coding}"`);

function addVary(headers: [string, string][], name: string): void {
  const vary = headers.find(([other]) => other === "vary");
  if (!vary) headers.push(["vary", name]);
  else if (
    vary[1].trim() !== "*" &&
    !vary[1]
      .toLowerCase()
      .split(/\s*,\s*/)
      .includes(name)
  ) {
    vary[1] = `${vary[1]}, ${name}`;
  }
}
