import { randomUUID } from "node:crypto";
import { webFunction } from "@evenkeel/model";
import type { Exchange } from "../http/exchange.ts";
import { HeaderFilter } from "../http/header-filter.ts";
import type { HostLink } from "../link/host-link.ts";
import type { WebResolution } from "../routing/resolution.ts";
import type { UpstreamHead } from "../upstream/forward-options.ts";
import { decorateHead } from "./answer-head.ts";
import type { FunctionFailure } from "./function-failure.ts";
import { type FunctionCall, Invocation } from "./invocation.ts";
import { droppedHeaders, originationOf, untrustedHeaders, vercelHeaders } from "./request-headers.ts";
import { type RequestState, traceCall } from "./request-state.ts";
import { functionTarget } from "./request-target.ts";

/** As Heroku's router gives a dyno (https://devcenter.heroku.com/articles/http-routing#timeouts); after the head an answer may last for ever. */
const headLimitS = 30;
/** The edge alone speaks of itself; all else is the app's own, caches' headers included: nothing of it is kept here. */
const dropAnswerHeaders = new HeaderFilter(["x-vercel-id", "x-vercel-cache"], ["x-evenkeel-"]);

type OnFailure = (exchange: Exchange, state: RequestState, failure: FunctionFailure) => void;

/** Answers requests by the `web` processes of an app. */
export class WebAnswers {
  constructor(
    private readonly link: HostLink,
    private readonly onFailure: OnFailure,
  ) {}

  answer(exchange: Exchange, state: RequestState, resolution: WebResolution): void {
    const { deployment, requestId } = state;
    const target = functionTarget(exchange, resolution);
    const traced = traceCall(exchange, state, webFunction);
    const call: FunctionCall = {
      ...{ deployment, traced, function: webFunction, maxDurationS: headLimitS, openEnded: true },
      options: {
        ...(target !== exchange.target && { target }),
        setHeaders: [
          ...vercelHeaders(originationOf(exchange, requestId, traced.traceparent), deployment),
          ["x-request-id", requestIdOf(exchange)],
          ["x-request-start", String(Date.now())],
          ...(resolution.setRequestHeaders ?? []).filter(([name]) => !untrustedHeaders.has(name)),
        ],
        dropHeaders: droppedHeaders(resolution),
        dropAnswerHeaders,
      },
    };
    new WebInvocation(this.link, exchange, call, state, resolution, this.onFailure).begin();
  }
}

/** A client's own, where it can be one; as at Heroku: https://devcenter.heroku.com/articles/http-request-id */
function requestIdOf(exchange: Exchange): string {
  const given = exchange.header("x-request-id");
  return given !== undefined && /^[A-Za-z0-9=+/-]{20,200}$/.test(given) ? given : randomUUID();
}

class WebInvocation extends Invocation {
  constructor(
    link: HostLink,
    exchange: Exchange,
    call: FunctionCall,
    private readonly state: RequestState,
    private readonly resolution: WebResolution,
    private readonly onWebFailure: OnFailure,
  ) {
    super(link, exchange, call);
  }

  protected answered(head: UpstreamHead): void {
    const cacheControl = head.get("cache-control");
    decorateHead(this.exchange, head, this.state, this.resolution, "MISS");
    if (cacheControl === undefined) head.delete("cache-control");
    else head.set("cache-control", cacheControl);
    head.delete("x-vercel-cache");
  }

  protected failed(failure: FunctionFailure): void {
    this.onWebFailure(this.exchange, this.state, { ...failure, ...wordsOf(failure.code), status: 503 });
  }
}

/** What a function's failure is for a process; 503 each, as Heroku's H10, H12, H13 and H11. */
function wordsOf(code: string): Pick<FunctionFailure, "code" | "message"> {
  switch (code) {
    case "FUNCTION_INVOCATION_FAILED":
      return { code: "PROCESS_NOT_RUNNING", message: "The web process of this app does not run." };
    case "FUNCTION_INVOCATION_TIMEOUT":
      return { code: "PROCESS_TIMEOUT", message: "The web process of this app did not answer in time." };
    case "FUNCTION_THROTTLED":
      return {
        code: "PROCESS_BUSY",
        message: "Too many requests are waiting for a web process of this app.",
      };
    default:
      return { code: "PROCESS_ENDED", message: "The web process of this app ended before it answered." };
  }
}
