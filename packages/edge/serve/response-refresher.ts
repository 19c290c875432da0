import type { CachedAnswer } from "../cache/cached-answer.ts";
import type { Exchange } from "../http/exchange.ts";
import type { HostLink } from "../link/host-link.ts";
import { headerIn } from "../prerender/page-identity.ts";
import { maxDurationS } from "../prerender/page-renderer.ts";
import type { FunctionResolution } from "../routing/resolution.ts";
import { fetchFunction } from "./function-fetch.ts";
import { functionHeaders, headersInNameOf } from "./request-headers.ts";
import type { RequestState } from "./request-state.ts";
import { functionTarget } from "./request-target.ts";
import type { ResponseCache, ResponseKey } from "./response-cache.ts";

/** After an answer could not be made anew, the old one is given for this long before the next attempt. */
const retryAfterMs = 30_000;
const conditionalHeaders = /^(?:if-|range$)/;

/** Makes kept answers of functions anew behind the stale ones that were given (`stale-while-revalidate`). */
export class ResponseRefresher {
  constructor(
    private readonly link: HostLink,
    private readonly responses: ResponseCache,
  ) {}

  refresh(
    exchange: Exchange,
    state: RequestState,
    resolution: FunctionResolution,
    key: ResponseKey,
    stale: CachedAnswer,
  ): void {
    const nowMs = Date.now();
    if (nowMs < stale.nextAttemptMs) return;
    const { deployment, loaded, requestId } = state;
    const durationS = maxDurationS(loaded, resolution.function);
    stale.nextAttemptMs = nowMs + durationS * 1_000;
    const about = { matchedPath: resolution.matchedPath, maxDurationS: durationS };
    const own = functionHeaders(exchange, requestId, deployment, about, resolution);
    // Read now: the exchange is another's business once its answer is out.
    const headers = headersInNameOf(exchange, resolution, own).filter(
      ([name]) => !conditionalHeaders.test(name),
    );
    const request = headerIn(headers);
    const target = functionTarget(exchange, resolution);
    void fetchFunction(this.link, {
      deployment,
      function: resolution.function,
      maxDurationS: durationS,
      method: "GET",
      target,
      headers,
    }).then(
      (result) => {
        if (result.kind === "answer") {
          const { status, headers: answered, body } = result.answer;
          if (this.responses.isCacheable(status, headerIn(answered))) {
            this.responses.keep(key, status, answered, body, nowMs, request);
            return;
          }
        }
        stale.nextAttemptMs = Date.now() + retryAfterMs;
      },
      (error) => {
        console.error(`edge: an answer of ${deployment.id} could not be made anew: ${error}`);
        stale.nextAttemptMs = Date.now() + retryAfterMs;
      },
    );
  }
}
