import type { Exchange, HeaderPairs } from "../http/exchange.ts";
import type { ProxyResolution } from "../routing/resolution.ts";
import type { TracedCall } from "../trace/request-trace.ts";
import { ExternalOrigins } from "../upstream/external-origins.ts";
import { forward } from "../upstream/forward.ts";
import type { ForwardHandler, UpstreamFailure } from "../upstream/forward-options.ts";
import { answerHeadersDropped, decorateHead } from "./answer-head.ts";
import type { FunctionFailure } from "./function-failure.ts";
import { droppedHeaders, originationOf, untrustedHeaders, vercelHeaders } from "./request-headers.ts";
import { type RequestState, traceCall } from "./request-state.ts";

/** How long another host may take to begin its answer, in milliseconds, as on Vercel: https://vercel.com/docs/limits */
const headLimitMs = 120_000;
/** Counts how often a request came back to this machine by its own rewrites. Not believed for anything else. */
const hopsHeader = "x-evenkeel-hops";
const hopsLimit = 8;

/** Passes requests to other hosts where routes say so. */
export class ExternalProxy {
  private readonly origins = new ExternalOrigins();

  constructor(
    private readonly onFailure: (exchange: Exchange, state: RequestState, failure: FunctionFailure) => void,
  ) {}

  forward(exchange: Exchange, state: RequestState, resolution: ProxyResolution): void {
    const url = new URL(resolution.url);
    const hops = Number(exchange.header(hopsHeader) ?? 0) + 1;
    if (!(hops <= hopsLimit)) {
      this.onFailure(exchange, state, {
        status: 508,
        code: "INFINITE_LOOP_DETECTED",
        message: "The rewrites of this deployment lead back to itself.",
      });
      return;
    }
    const traced = traceCall(exchange, state, url.host);
    traced.sentMs = traced.beganMs;
    const setHeaders: HeaderPairs = [
      ["host", url.host],
      ...vercelHeaders(originationOf(exchange, state.requestId, traced.traceparent), state.deployment),
      [hopsHeader, String(hops)],
      ...(resolution.setRequestHeaders ?? []).filter(
        ([name]) => !untrustedHeaders.has(name) && name !== "host",
      ),
    ];
    const isUpgrade = exchange.upgrade !== "";
    forward(exchange, this.origins.of(url), {
      target: `${url.pathname}${url.search}`,
      setHeaders,
      dropHeaders: droppedHeaders(resolution),
      dropAnswerHeaders: answerHeadersDropped,
      headDeadlineAtMs: isUpgrade ? 0 : performance.now() + headLimitMs,
      handler: this.handler(state, resolution, traced),
    });
  }

  private handler(state: RequestState, resolution: ProxyResolution, traced: TracedCall): ForwardHandler {
    return {
      onHead: (exchange, head) => {
        traced.headMs = performance.now();
        if (resolution.status !== undefined && head.status === 200) head.status = resolution.status;
        const given = head.get("cache-control");
        decorateHead(exchange, head, state, resolution, "MISS");
        // What another host says of its answers is passed on as it is.
        if (given === undefined) head.delete("cache-control");
      },
      onFailure: (exchange, failure) => {
        traced.failure = failure.message;
        this.onFailure(exchange, state, failureOfTarget(failure));
      },
      onSettled: () => {
        traced.endMs = performance.now();
      },
    };
  }
}

function failureOfTarget({ kind }: UpstreamFailure): FunctionFailure {
  if (kind === "head_deadline" || kind === "deadline") {
    return {
      status: 504,
      code: "ROUTER_EXTERNAL_TARGET_TIMEOUT",
      message: "The host that this path is rewritten to did not answer in time.",
    };
  }
  return {
    status: 502,
    code: kind === "connect" ? "ROUTER_EXTERNAL_TARGET_CONNECTION_ERROR" : "ROUTER_EXTERNAL_TARGET_ERROR",
    message: "The host that this path is rewritten to cannot be reached.",
  };
}
