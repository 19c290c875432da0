import http, { type IncomingHttpHeaders, type IncomingMessage } from "node:http";
import {
  deadlineHeader,
  internalHeaderPrefix,
  routeParametersHeader,
} from "@evenkeel/model/link/internal-headers";
import { readRequestOrigin, requestOriginHeader } from "@evenkeel/model/link/request-origin";
import { traceFunction } from "./function-span.ts";

const deadline = Symbol("evenkeel.deadline");
const routeParameters = Symbol("evenkeel.routeParameters");

interface InternalRequest extends IncomingMessage {
  [deadline]?: number;
  [routeParameters]?: string;
}

/** When the request's time is over, epoch milliseconds; undefined without a limit. */
export const deadlineMs = (request: IncomingMessage): number | undefined =>
  (request as InternalRequest)[deadline];

/** Route parameters as a query string without `?`. */
export const routeParametersOf = (request: IncomingMessage): string | undefined =>
  (request as InternalRequest)[routeParameters];

interface PatchedPrototype {
  _addHeaderLines?: (lines: string[], count: number) => void;
}

interface PatchedRequest extends InternalRequest {
  _addHeaderLine(name: string, value: string, headers: IncomingHttpHeaders): void;
}

/**
 * Takes the platform's own headers off every request before anybody can see them, for servers of ours and of the app, and puts those that
 * `requestOriginHeader` stands for in front.
 *
 * Node gives each parsed head to `IncomingMessage.prototype._addHeaderLines` as a flat list and derives `headers`,
 * `rawHeaders` and `headersDistinct` from it; taking pairs out of that list costs nothing measurable, deleting from
 * `headers` afterwards costs 1 µs a request. Node itself asks for `headers` of every request, so they are made here at once,
 * beginning with an object whose shape never changes.
 */
export function hideInternalHeaders(): void {
  const prototype = http.IncomingMessage.prototype as unknown as PatchedPrototype;
  const add = prototype._addHeaderLines;
  if (add === undefined) return;
  prototype._addHeaderLines = function (this: PatchedRequest, lines: string[], count: number) {
    let kept = count;
    let origin: string | undefined;
    for (let index = 0; index < kept; index += 2) {
      const name = lines[index]!;
      // "x-e": no other header of a usual request begins so.
      if (name.length < 12 || name.charCodeAt(2) !== 101 || !name.startsWith(internalHeaderPrefix)) continue;
      if (name === requestOriginHeader) origin = lines[index + 1]!;
      else note(this, name, lines[index + 1]!);
      lines.splice(index, 2);
      kept -= 2;
      index -= 2;
    }
    if (origin === undefined || this.complete) {
      add.call(this, lines, kept);
      return;
    }
    const headers: IncomingHttpHeaders = ownHeaders(this, origin);
    const all: string[] = [];
    for (const name in headers) all.push(name, headers[name] as string);
    for (let index = 0; index < kept; index++) all.push(lines[index]!);
    add.call(this, all, all.length);
    for (let index = 0; index < kept; index += 2) {
      this._addHeaderLine(lines[index]!, lines[index + 1]!, headers);
    }
    this.headers = headers;
  };
}

/** The same for runtimes that build requests another way (Bun). Called once a request, before the app sees it. */
export function takeInternalHeaders(request: IncomingMessage): void {
  const { headers, rawHeaders } = request;
  let origin: string | undefined;
  for (let index = rawHeaders.length - 2; index >= 0; index -= 2) {
    const name = rawHeaders[index]!.toLowerCase();
    if (!name.startsWith(internalHeaderPrefix)) continue;
    if (name === requestOriginHeader) origin = rawHeaders[index + 1]!;
    else note(request, name, rawHeaders[index + 1]!);
    rawHeaders.splice(index, 2);
    delete headers[name];
  }
  if (origin === undefined) return;
  const own = ownHeaders(request, origin);
  Object.assign(headers, own);
  rawHeaders.push(...Object.entries(own).flat());
}

function ownHeaders(request: IncomingMessage, origin: string): Record<string, string> {
  const headers = readRequestOrigin(origin);
  const { traceparent } = headers;
  if (traceparent !== undefined) headers["traceparent"] = traceFunction(request, traceparent);
  return headers;
}

function note(request: InternalRequest, name: string, value: string): void {
  if (name === deadlineHeader) request[deadline] = Date.now() + Number(value);
  else if (name === routeParametersHeader) request[routeParameters] = value;
}
