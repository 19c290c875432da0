import type { Exchange } from "../http/exchange.ts";
import type { ServerExchange } from "../http/server-exchange.ts";
import { ForwardCall } from "./forward-call.ts";
import type { ForwardOptions } from "./forward-options.ts";
import type { UpstreamOrigin } from "./origin.ts";

/**
 * Passes the request on to `origin` and its answer back to the client, streaming both ways at the pace of the slower side. The exchange must not be
 * answered yet, and its body neither be read nor be wanted otherwise (unless `options.body` replaces it).
 *
 * A request is sent twice only if its method is idempotent, no part of its body was streamed, and a kept connection turned out to be dead before
 * one byte of an answer came.
 *
 * - The client leaves: the upstream's connection is destroyed.
 * - The upstream fails before its head: `onFailure`. Within its body: the client's connection is destroyed.
 */
export function forward(exchange: Exchange, origin: UpstreamOrigin, options: ForwardOptions): void {
  new ForwardCall(exchange as ServerExchange, origin, options).begin();
}
