import type { Exchange } from "../http/exchange.ts";
import type { HostLink } from "../link/host-link.ts";
import type { UpstreamHead } from "../upstream/forward-options.ts";
import { decorateHead } from "./answer-head.ts";
import type { RoutedAnswer } from "./cached-sender.ts";
import type { FunctionFailure } from "./function-failure.ts";
import { type FunctionCall, Invocation } from "./invocation.ts";
import type { CacheStatus, RequestState } from "./request-state.ts";
import type { ResponseCache, ResponseKey } from "./response-cache.ts";

export interface ClientCall extends FunctionCall {
  state: RequestState;
  routed: RoutedAnswer;
  cache: CacheStatus;
  /** Where the answer may be kept. */
  key: ResponseKey | undefined;
  onFailure(exchange: Exchange, state: RequestState, failure: FunctionFailure): void;
}

/** A client's request that a function answers. */
export class ClientInvocation extends Invocation {
  private readonly startedMs = Date.now();

  constructor(
    link: HostLink,
    exchange: Exchange,
    private readonly client: ClientCall,
    private readonly responses: ResponseCache,
  ) {
    super(link, exchange, client);
  }

  protected answered(head: UpstreamHead): void {
    const { state, routed, cache, key } = this.client;
    if (key && this.exchange.method === "GET") this.keep(head, key);
    if (routed.status !== undefined && head.status === 200) head.status = routed.status;
    decorateHead(this.exchange, head, state, routed, cache);
    head.set("x-matched-path", routed.matchedPath);
  }

  protected failed(failure: FunctionFailure): void {
    this.client.onFailure(this.exchange, this.client.state, failure);
  }

  private keep(head: UpstreamHead, key: ResponseKey): void {
    const { status } = head;
    if (!this.responses.isCacheable(status, (name) => head.get(name))) return;
    const { exchange, startedMs } = this;
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
