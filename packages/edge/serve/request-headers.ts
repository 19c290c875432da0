import {
  deadlineHeader,
  internalHeaderPrefix,
  routeParametersHeader,
  type ServedDeployment,
  spoofableHeaders,
} from "@evenkeel/model";
import type { Exchange } from "../http/exchange.ts";
import { HeaderFilter } from "../http/header-filter.ts";
import type { ForwardedRequest } from "../routing/resolution.ts";

type Pair = readonly [name: string, value: string];

/** What clients may not say of themselves: it is taken off every request before ours is set. */
export const untrustedHeaders = new HeaderFilter(spoofableHeaders, [internalHeaderPrefix]);

/** Where a request stands: https://vercel.com/docs/headers/request-headers */
export interface Origination {
  requestId: string;
  /** With the port where the client named one. */
  hostPort: string;
  scheme: string;
  /** `""` on a unix socket. */
  remoteAddress: string;
}

/** Headers that every function gets from the edge. `x-forwarded-for` is replaced, not appended to: what a client writes there proves nothing. */
export function vercelHeaders(origination: Origination, deployment: ServedDeployment): Pair[] {
  const { requestId, hostPort, scheme } = origination;
  const address = origination.remoteAddress || "127.0.0.1";
  const colon = hostPort.lastIndexOf(":");
  const port =
    colon > hostPort.lastIndexOf("]") ? hostPort.slice(colon + 1) : scheme === "https" ? "443" : "80";
  return [
    ["x-vercel-id", requestId],
    ["x-forwarded-for", address],
    ["x-forwarded-host", hostPort],
    ["x-forwarded-proto", scheme],
    ["x-forwarded-port", port],
    ["x-real-ip", address],
    ["x-vercel-forwarded-for", address],
    ["x-vercel-deployment-url", withPortOf(hostPort, deployment.host)],
  ];
}

/** A deployment is reached through the port that the client used. */
function withPortOf(hostPort: string, host: string): string {
  const colon = hostPort.lastIndexOf(":");
  return colon > hostPort.lastIndexOf("]") ? host + hostPort.slice(colon) : host;
}

export interface FunctionTarget {
  matchedPath: string;
  maxDurationS: number;
}

/** Headers of a client's request on its way to a function, with what routes and middleware made of them. */
export function functionHeaders(
  exchange: Exchange,
  requestId: string,
  deployment: ServedDeployment,
  { matchedPath, maxDurationS }: FunctionTarget,
  forwarded: ForwardedRequest,
): Pair[] {
  const headers = vercelHeaders(
    {
      requestId,
      hostPort: exchange.hostPort,
      scheme: exchange.scheme,
      remoteAddress: exchange.remoteAddress,
    },
    deployment,
  );
  headers.push(["x-matched-path", matchedPath], [deadlineHeader, String(maxDurationS * 1_000)]);
  if (forwarded.parameters !== "") headers.push([routeParametersHeader, forwarded.parameters]);
  const { setRequestHeaders } = forwarded;
  // Middleware gives back every header that it saw, ours among them.
  if (setRequestHeaders)
    for (const pair of setRequestHeaders) if (!untrustedHeaders.has(pair[0])) headers.push(pair);
  return headers;
}

/** What of the client's headers is not passed on. */
export function droppedHeaders({ deleteRequestHeaders }: ForwardedRequest): HeaderFilter {
  if (deleteRequestHeaders === undefined) return untrustedHeaders;
  return new HeaderFilter([...spoofableHeaders, ...deleteRequestHeaders], [internalHeaderPrefix]);
}

/** A header of the request as functions see it: routes and middleware may have changed it. */
export function effectiveHeader(
  exchange: Exchange,
  forwarded: ForwardedRequest,
  name: string,
): string | undefined {
  const set = forwarded.setRequestHeaders?.find(([other]) => other === name);
  if (set) return set[1];
  if (forwarded.deleteRequestHeaders?.includes(name) || untrustedHeaders.has(name)) return undefined;
  return exchange.header(name);
}
