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

import { newInvocationId } from "./request-id.ts";

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
    // Without one, Next.js gives what it rendered in the last ten seconds again, whatever was invalidated meanwhile.
    ["x-invocation-id", newInvocationId()],
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
  const headers = vercelHeaders(originationOf(exchange, requestId), deployment);
  headers.push(["x-matched-path", matchedPath], [deadlineHeader, String(maxDurationS * 1_000)]);
  if (forwarded.parameters !== "") headers.push([routeParametersHeader, forwarded.parameters]);
  const { setRequestHeaders } = forwarded;
  // Middleware gives back every header that it saw, ours among them.
  if (setRequestHeaders)
    for (const pair of setRequestHeaders) if (!untrustedHeaders.has(pair[0])) headers.push(pair);
  return headers;
}

/** Headers of a render for everybody: nothing of the one client who happened to ask for it. */
export function renderHeaders(
  origination: Origination,
  deployment: ServedDeployment,
  { matchedPath, maxDurationS }: FunctionTarget,
): Pair[] {
  const nobody = { ...origination, remoteAddress: "" };
  return [
    ["host", origination.hostPort],
    ...vercelHeaders(nobody, deployment),
    ["x-matched-path", matchedPath],
    [deadlineHeader, String(maxDurationS * 1_000)],
  ];
}

export const originationOf = (exchange: Exchange, requestId: string): Origination => ({
  requestId,
  hostPort: exchange.hostPort,
  scheme: exchange.scheme,
  remoteAddress: exchange.remoteAddress,
});

/** Belong to the client's connection, or to a body that is not sent. */
const hopAndBodyHeaders = new Set([
  "connection",
  "content-length",
  "content-encoding",
  "expect",
  "keep-alive",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/**
 * The client's headers for a request of the edge's own in its name, without its body.
 *
 * @param own set in place of the client's.
 */
export function headersInNameOf(
  exchange: Exchange,
  forwarded: ForwardedRequest,
  own: readonly Pair[],
): Pair[] {
  const dropped = droppedHeaders(forwarded);
  const replaced = new Set(["host", ...own.map(([name]) => name)]);
  const passed = exchange
    .headers()
    .filter(([name]) => !hopAndBodyHeaders.has(name) && !replaced.has(name) && !dropped.has(name));
  return [["host", exchange.hostPort], ...passed, ...own.filter(([name]) => name !== "host")];
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
