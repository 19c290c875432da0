import type { FunctionId } from "@evenkeel/model";
import type { Exchange } from "../http/exchange.ts";
import type { HostLink } from "../link/host-link.ts";
import { maxDurationS } from "../prerender/page-renderer.ts";
import type {
  ForwardedRequest,
  FunctionResolution,
  MiddlewareStep,
  PrerenderResolution,
  Resolution,
} from "../routing/resolution.ts";
import { answerHeadersDropped } from "./answer-head.ts";
import { sendCached } from "./cached-sender.ts";
import { ClientInvocation } from "./client-invocation.ts";
import { notFound } from "./error-answers.ts";
import type { FunctionFailure } from "./function-failure.ts";
import type { FunctionCall } from "./invocation.ts";
import { MiddlewareInvocation, runMiddlewareWithoutBody } from "./middleware-invocation.ts";
import { changedHeaders, droppedHeaders, functionLines, scheduleLines } from "./request-headers.ts";
import { type CacheStatus, type RequestState, traceCall } from "./request-state.ts";
import { functionTarget, targetOf } from "./request-target.ts";
import type { ResponseCache } from "./response-cache.ts";
import { ResponseRefresher } from "./response-refresher.ts";

/** Bodies up to this size are held, so that a middleware and then a function can read them. */
const heldBodyBytes = 1024 * 1024;

const noBody = new Uint8Array(0);

export interface FunctionAnswersOptions {
  /** Proves control's word on scheduled calls. */
  scheduleKey: Uint8Array;
  link: HostLink;
  responses: ResponseCache;
  /** A middleware let the request go on. */
  onNext(exchange: Exchange, state: RequestState, resolution: Resolution): void;
  onFailure(exchange: Exchange, state: RequestState, failure: FunctionFailure): void;
}

/** Answers requests by functions and middleware. */
export class FunctionAnswers {
  private readonly refresher: ResponseRefresher;
  /** Bodies that were read for a middleware. */
  private readonly heldBodies = new WeakMap<Exchange, Uint8Array>();

  constructor(private readonly options: FunctionAnswersOptions) {
    this.refresher = new ResponseRefresher(options.link, options.responses);
  }

  /** From an answer that the function wanted kept, else by the function. */
  answer(exchange: Exchange, state: RequestState, resolution: FunctionResolution): void {
    const { responses, scheduleKey, onFailure } = this.options;
    const { deployment, loaded } = state;
    if (
      loaded.output.functionsById[resolution.function]?.scheduledOnly &&
      scheduleLines(exchange, deployment, scheduleKey) === ""
    ) {
      onFailure(exchange, state, notFound);
      return;
    }
    if (responses.holds(deployment.id) && !state.failure) {
      const key = responses.keyOf(exchange, deployment, functionTarget(exchange, resolution));
      const found = key && responses.find(key, (name) => exchange.header(name));
      if (found) {
        sendCached(exchange, state, resolution, found.answer, found.stale ? "STALE" : "HIT", true);
        if (found.stale) this.refresher.refresh(exchange, state, resolution, key, found.answer);
        return;
      }
    }
    this.call(exchange, state, resolution, resolution.function, "MISS");
  }

  call(
    exchange: Exchange,
    state: RequestState,
    resolution: FunctionResolution | PrerenderResolution,
    fn: FunctionId,
    cache: CacheStatus,
  ): void {
    const { link, responses, onFailure } = this.options;
    const target = functionTarget(exchange, resolution);
    const call = this.functionCall(exchange, state, fn, resolution.matchedPath, target, resolution);
    // The error page of an app is got, whatever the failed request was.
    if (state.failure) Object.assign(call.options, { method: "GET", body: noBody });
    const keepFor = cache === "MISS" && !state.failure ? target : undefined;
    const answer = { state, routed: resolution, cache, keepFor, onFailure };
    new ClientInvocation(link, exchange, call, answer, responses).begin();
  }

  async runMiddleware(exchange: Exchange, state: RequestState, step: MiddlewareStep): Promise<void> {
    const { link, onNext, onFailure } = this.options;
    const { body } = exchange;
    if (
      !body.empty &&
      !this.heldBodies.has(exchange) &&
      (body.length ?? heldBodyBytes + 1) <= heldBodyBytes
    ) {
      this.heldBodies.set(exchange, await body.collect(heldBodyBytes));
    }
    const target = targetOf(step.path, step.query);
    const call = {
      ...this.functionCall(exchange, state, step.function, step.path, target, step),
      state,
      step,
      onNext,
      onFailure,
    };
    if (body.empty || this.heldBodies.has(exchange)) new MiddlewareInvocation(link, exchange, call).begin();
    else await runMiddlewareWithoutBody(link, exchange, call);
  }

  private functionCall(
    exchange: Exchange,
    state: RequestState,
    fn: FunctionId,
    matchedPath: string,
    target: string,
    forwarded: ForwardedRequest,
  ): FunctionCall {
    const { deployment, loaded, requestId } = state;
    const durationS = maxDurationS(loaded, fn);
    const traced = traceCall(exchange, state, fn);
    return {
      deployment,
      traced,
      function: fn,
      maxDurationS: durationS,
      options: {
        target: target === exchange.target ? undefined : target,
        ownLines:
          functionLines(
            exchange,
            requestId,
            deployment,
            { matchedPath, maxDurationS: durationS },
            forwarded,
            traced.traceparent,
          ) + scheduleLines(exchange, deployment, this.options.scheduleKey),
        setHeaders: changedHeaders(forwarded),
        dropHeaders: droppedHeaders(forwarded),
        dropAnswerHeaders: answerHeadersDropped,
        body: exchange.body.empty ? undefined : this.heldBodies.get(exchange),
      },
    };
  }
}
