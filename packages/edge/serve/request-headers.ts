import {
  deadlineHeader,
  internalHeaderPrefix,
  readRequestOrigin,
  readScheduleCall,
  requestOriginHeader,
  routeParametersHeader,
  type ServedDeployment,
  scheduleCallHeader,
  spoofableHeaders,
  writeRequestOrigin,
} from "@evenkeel/model";
import type { Exchange } from "../http/exchange.ts";
import { headerLine, headerValue } from "../http/head-writer.ts";
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
  /** W3C's header for this call; absent: it belongs to no trace. */
  traceparent?: string;
}

/** Headers that every function gets from the edge. `x-forwarded-for` is replaced, not appended to: what a client writes there proves nothing. */
export function vercelHeaders(origination: Origination, deployment: ServedDeployment): Pair[] {
  const { "x-matched-path": _, ...headers } = readRequestOrigin(originValue(origination, deployment, ""));
  return Object.entries(headers);
}

/** What the edge says of a request (`requestOriginHeader`). Hosts and addresses were parsed and ids are ours, so only the path needs a check. */
function originValue(
  { requestId, hostPort, scheme, remoteAddress, traceparent }: Origination,
  deployment: ServedDeployment,
  matchedPath: string,
): string {
  const colon = hostPort.lastIndexOf(":");
  const hasPort = colon > hostPort.lastIndexOf("]");
  const port = hasPort ? hostPort.slice(colon + 1) : scheme === "https" ? "443" : "80";
  return writeRequestOrigin({
    requestId,
    invocationId: newInvocationId(),
    address: remoteAddress || "127.0.0.1",
    scheme,
    hostPort,
    port,
    // A deployment is reached through the port that the client used.
    deploymentUrl: hasPort ? `${deployment.host}:${port}` : deployment.host,
    traceparent: traceparent ?? "-",
    matchedPath: headerValue("x-matched-path", matchedPath),
  });
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
  traceparent?: string,
): Pair[] {
  const headers = vercelHeaders(originationOf(exchange, requestId, traceparent), deployment);
  headers.push(["x-matched-path", matchedPath], [deadlineHeader, String(maxDurationS * 1_000)]);
  if (forwarded.parameters !== "") headers.push([routeParametersHeader, forwarded.parameters]);
  return [...headers, ...(changedHeaders(forwarded) ?? [])];
}

/** The edge's own among `functionHeaders` as lines, short for the launcher. A client's lines of these names are all dropped (`untrustedHeaders`). */
export function functionLines(
  exchange: Exchange,
  requestId: string,
  deployment: ServedDeployment,
  { matchedPath, maxDurationS }: FunctionTarget,
  { parameters }: ForwardedRequest,
  traceparent?: string,
): string {
  const origin = originValue(originationOf(exchange, requestId, traceparent), deployment, matchedPath);
  const lines = `${requestOriginHeader}: ${origin}\r\n${deadlineHeader}: ${maxDurationS * 1_000}\r\n`;
  return parameters === "" ? lines : lines + headerLine(routeParametersHeader, parameters);
}

/** What an app sees of a scheduled call, where control's signature proves it to be one. */
export function scheduleLines(exchange: Exchange, { host }: ServedDeployment, key: Uint8Array): string {
  const token = exchange.header(scheduleCallHeader);
  if (token === undefined) return "";
  return readScheduleCall(key, host, token)
    .map(([name, value]) => headerLine(name, value))
    .join("");
}

/** What routes and middleware have set. Middleware gives back every header that it saw, the edge's among them. */
export const changedHeaders = ({ setRequestHeaders }: ForwardedRequest): Pair[] | undefined =>
  setRequestHeaders?.filter(([name]) => !untrustedHeaders.has(name));

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

export const originationOf = (exchange: Exchange, requestId: string, traceparent?: string): Origination => ({
  requestId,
  hostPort: exchange.hostPort,
  scheme: exchange.scheme,
  remoteAddress: exchange.remoteAddress,
  ...(traceparent !== undefined && { traceparent }),
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
