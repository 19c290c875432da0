import type { Exchange, HeaderPairs } from "../http/exchange.ts";
import type { LoadedOutput } from "../state/output-catalog.ts";
import { beginTrace, type RequestTrace, type TracedCall } from "../trace/request-trace.ts";
import type { FunctionFailure } from "./function-failure.ts";
import { newRequestId } from "./request-id.ts";
import type { ServedSite } from "./served-site.ts";

/** What is known of one request beside its exchange; `exchange.context` holds it. */
export class RequestState {
  readonly requestId = newRequestId();
  /** What went wrong: the answer is one to a failure now, and another failure ends in the platform's own page. */
  failure: FunctionFailure | undefined;
  /** Of a request that the app is asked to answer. */
  trace: RequestTrace | undefined;

  /** @param isProbe the platform looks itself: no traffic */
  constructor(
    readonly served: ServedSite,
    readonly loaded: LoadedOutput,
    readonly isProbe: boolean,
  ) {}

  get deployment() {
    return this.served.site.deployment;
  }
}

/** The app is asked, in the trace of this request. */
export function traceCall(exchange: Exchange, state: RequestState, name: string): TracedCall {
  state.trace ??= beginTrace(exchange.header("traceparent"), state.served.sampler);
  return state.trace.call(name);
}

/** The state of a request to a deployment; undefined for all others. */
export const stateOf = (exchange: Exchange): RequestState | undefined =>
  exchange.context instanceof RequestState ? exchange.context : undefined;

/** Headers of this very answer, for bytes whose other headers are serialised already. */
export function requestHeadersOf(state: RequestState, cacheStatus: CacheStatus, ageS: number): HeaderPairs {
  return [
    ["x-vercel-cache", cacheStatus],
    ["x-vercel-id", state.requestId],
    ["age", String(ageS)],
  ];
}

/**
 * https://vercel.com/docs/headers/response-headers#x-vercel-cache: `PRERENDER` is given as the build made it, `REVALIDATED` was made anew because
 * the app asked for it.
 */
export type CacheStatus = "HIT" | "MISS" | "STALE" | "PRERENDER" | "BYPASS" | "REVALIDATED";
