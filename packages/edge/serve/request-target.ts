import type { Exchange } from "../http/exchange.ts";
import type { ForwardedRequest } from "../routing/resolution.ts";

export const targetOf = (path: string, query: string): string => (query === "" ? path : `${path}?${query}`);

/** Path and query as a function sees them. */
export const functionTarget = (exchange: Exchange, { requestPath, query }: ForwardedRequest): string =>
  targetOf(requestPath ?? exchange.path, query);
