import type { Exchange } from "../http/exchange.ts";
import type { HostLink } from "../link/host-link.ts";
import type { UpstreamHead } from "../upstream/forward-options.ts";
import { decorateHead } from "./answer-head.ts";
import type { RoutedAnswer } from "./cached-sender.ts";
import type { FunctionFailure } from "./function-failure.ts";
import { type FunctionCall, Invocation } from "./invocation.ts";
import type { CacheStatus, RequestState } from "./request-state.ts";
import type { ResponseCache } from "./response-cache.ts";

export interface ClientAnswer {
  state: RequestState;
  routed: RoutedAnswer;
  cache: CacheStatus;
  /** The answer may be kept, for requests like this one with this target. */
  keepFor: string | undefined;
  onFailure(exchange: Exchange, state: RequestState, failure: FunctionFailure): void;
}

/** A client's request that a function answers. */
export class ClientInvocation extends Invocation {
  private readonly startedMs = Date.now();

  constructor(
    link: HostLink,
    exchange: Exchange,
    call: FunctionCall,
    private readonly client: ClientAnswer,
    private readonly responses: ResponseCache,
  ) {
    super(link, exchange, call);
  }

  protected answered(head: UpstreamHead): void {
    const { state, routed, cache, keepFor } = this.client;
    if (keepFor !== undefined && this.exchange.method === "GET") this.keep(head, keepFor);
    if (routed.status !== undefined && head.status === 200) head.status = routed.status;
    decorateHead(this.exchange, head, state, routed, cache);
    head.set("x-matched-path", routed.matchedPath);
  }

  protected failed(failure: FunctionFailure): void {
    this.client.onFailure(this.exchange, this.client.state, failure);
  }

  private keep(head: UpstreamHead, target: string): void {
    const { status } = head;
    if (!this.responses.isCacheable(status, (name) => head.get(name))) return;
    const { exchange, startedMs } = this;
    const key = this.responses.keyOf(exchange, this.client.state.deployment, target);
    if (key === undefined) return;
    // Headers for the cache itself are not among `pairs`.
    const headers = head.pairs().filter(([name]) => name !== "vercel-cache-tag");
    for (const name of ["vercel-cdn-cache-control", "cdn-cache-control", "vercel-cache-tag"]) {
      const value = head.get(name);
      if (value !== undefined) headers.push([name, value]);
    }
    head.tee(
      this.responses.tap((body) =>
        this.responses.keep(key, status, headers, body, startedMs, (name) => exchange.header(name)),
      ),
    );
  }
}
