import { CachedAnswer } from "../cache/cached-answer.ts";
import type { Exchange } from "../http/exchange.ts";
import type { HostLink } from "../link/host-link.ts";
import { readMiddlewareAnswer } from "../routing/middleware-answer.ts";
import type { MiddlewareStep, Resolution } from "../routing/resolution.ts";
import type { UpstreamHead } from "../upstream/forward-options.ts";
import { decorateHead } from "./answer-head.ts";
import { sendCached } from "./cached-sender.ts";
import type { FunctionFailure } from "./function-failure.ts";
import { fetchFunction } from "./function-fetch.ts";
import { type FunctionCall, Invocation } from "./invocation.ts";
import { functionHeaders, headersInNameOf } from "./request-headers.ts";
import type { RequestState } from "./request-state.ts";

export interface MiddlewareCall extends FunctionCall {
  state: RequestState;
  step: MiddlewareStep;
  onNext(exchange: Exchange, state: RequestState, resolution: Resolution): void;
  onFailure(exchange: Exchange, state: RequestState, failure: FunctionFailure): void;
}

/** An answer that only says how to go on has no body worth keeping. */
const ignoredBodyBytes = 1024 * 1024;

/** A middleware function's turn: its answer is the client's, or says how to go on. */
export class MiddlewareInvocation extends Invocation {
  constructor(
    link: HostLink,
    exchange: Exchange,
    private readonly middleware: MiddlewareCall,
  ) {
    super(link, exchange, middleware);
  }

  protected answered(head: UpstreamHead): void {
    const { state, step } = this.middleware;
    const answer = readMiddlewareAnswer(head.pairs());
    if (answer.kind === "next") {
      head.take(ignoredBodyBytes, () => this.middleware.onNext(this.exchange, state, step.resume(answer)));
      return;
    }
    for (const [name] of head.pairs()) if (name.startsWith("x-middleware-")) head.delete(name);
    decorateHead(this.exchange, head, state, step, "MISS");
  }

  protected failed(failure: FunctionFailure): void {
    this.middleware.onFailure(this.exchange, this.middleware.state, middlewareFailure(failure));
  }
}

/**
 * The same for a request whose body the function behind it still needs and that is too large to be held: the middleware gets the request
 * without its body, and its answer whole.
 */
export async function runMiddlewareWithoutBody(
  link: HostLink,
  exchange: Exchange,
  call: MiddlewareCall,
): Promise<void> {
  const { state, step, options, deployment, maxDurationS } = call;
  const target = { matchedPath: step.path, maxDurationS };
  const own = functionHeaders(exchange, state.requestId, deployment, target, step, call.traced.traceparent);
  const headers = headersInNameOf(exchange, step, own);
  const result = await fetchFunction(link, {
    deployment: call.deployment,
    function: call.function,
    maxDurationS: call.maxDurationS,
    method: exchange.method,
    target: options.target ?? exchange.target,
    headers,
  });
  if (result.kind === "failure") {
    call.onFailure(exchange, state, middlewareFailure(result.failure));
    return;
  }
  const { status, headers: answered, body } = result.answer;
  const answer = readMiddlewareAnswer(answered);
  if (answer.kind === "next") {
    call.onNext(exchange, state, step.resume(answer));
    return;
  }
  const content = {
    status,
    headers: answer.responseHeaders,
    body,
    createdMs: Date.now(),
    staleMs: 0,
    expiresMs: 0,
    tags: [],
  };
  sendCached(exchange, state, { ...step, matchedPath: step.path }, new CachedAnswer(content), "MISS", true);
}

const middlewareFailure = (failure: FunctionFailure): FunctionFailure => ({
  ...failure,
  code: failure.code.replace(/^FUNCTION_/, "MIDDLEWARE_"),
  message: failure.message.replace("function", "middleware"),
});
