import {
  deadlineHeader,
  internalHeaderPrefix,
  readScheduleCall,
  routeParametersHeader,
  type ServedDeployment,
  scheduleCallHeader,
  spoofableHeaders,
} from "@evenkeel/model";
import type { Exchange } from "../http/exchange.ts";
import { headerLine } from "../http/head-writer.ts";
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
  return linesToPairs(vercelLines(origination, deployment));
}

/** The same serialised. Nothing of it needs a check: hosts and addresses were parsed, the rest is ours. */
function vercelLines(
  { requestId, hostPort, scheme, remoteAddress }: Origination,
  deployment: ServedDeployment,
): string {
  const address = remoteAddress || "127.0.0.1";
  const colon = hostPort.lastIndexOf(":");
  const hasPort = colon > hostPort.lastIndexOf("]");
  const port = hasPort ? hostPort.slice(colon + 1) : scheme === "https" ? "443" : "80";
  // A deployment is reached through the port that the client used.
  const url = hasPort ? `${deployment.host}:${port}` : deployment.host;
  // Without x-invocation-id, Next.js gives what it rendered in the last ten seconds again, whatever was invalidated meanwhile.
  return `x-vercel-id: ${requestId}\r
x-invocation-id: ${newInvocationId()}\r
x-forwarded-for: ${address}\r
x-forwarded-host: ${hostPort}\r
x-forwarded-proto: ${scheme}\r
x-forwarded-port: ${port}\r
x-real-ip: ${address}\r
x-vercel-forwarded-for: ${address}\r
x-vercel-deployment-url: ${url}\r
`;
}

function linesToPairs(lines: string): Pair[] {
  return lines
    .split("\r\n")
    .slice(0, -1)
    .map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 2)]);
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
  target: FunctionTarget,
  forwarded: ForwardedRequest,
): Pair[] {
  const lines = functionLines(exchange, requestId, deployment, target, forwarded);
  return [...linesToPairs(lines), ...(changedHeaders(forwarded) ?? [])];
}

/** Those of `functionHeaders` that are the edge's own, serialised: a client's lines of these names are all among `untrustedHeaders`. */
export function functionLines(
  exchange: Exchange,
  requestId: string,
  deployment: ServedDeployment,
  { matchedPath, maxDurationS }: FunctionTarget,
  { parameters }: ForwardedRequest,
): string {
  const { hostPort, scheme, remoteAddress } = exchange;
  const vercel = vercelLines({ requestId, hostPort, scheme, remoteAddress }, deployment);
  const lines = `${vercel}${headerLine("x-matched-path", matchedPath)}${deadlineHeader}: ${maxDurationS * 1_000}\r\n`;
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
