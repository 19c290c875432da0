import { AsyncLocalStorage } from "node:async_hooks";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { deadlineMs } from "./internal-request-headers.ts";

/** What `@vercel/functions`, `next/server`'s `after()`, `@vercel/oidc` and `@vercel/otel` read. */
export interface RequestContext {
  waitUntil(promise: unknown): void;
  headers: Record<string, string>;
  url: string;
  /** Epoch milliseconds. */
  deadline?: number;
  cache?: unknown;
  purge?: unknown;
  addCacheTag(tag: string | string[]): Promise<void>;
  upgradeWebSocket?: () => Upgrade;
}

export interface Upgrade {
  req: IncomingMessage;
  socket: Duplex;
  head: Buffer;
}

/** Parts that are alike for every request of the process. */
export interface SharedContext {
  waitUntil(promise: unknown): void;
  /** Absent without a cache service: `@vercel/functions` then keeps values in memory. */
  cache?: unknown;
  purge?: unknown;
}

/**
 * The response stands for its request: storing it as it is costs no allocation (`run` measured within 2 % of a bare server on
 * Node 24); the context is built when somebody asks for it.
 */
const current = new AsyncLocalStorage<ServerResponse>();

const context = Symbol("evenkeel.context");
const upgrade = Symbol("evenkeel.upgrade");

interface ContextResponse extends ServerResponse {
  [context]?: RequestContext;
  [upgrade]?: () => Upgrade;
}

/** The edge's id of the request that is being answered; empty outside one. */
export function currentRequestId(): string {
  const id = current.getStore()?.req?.headers["x-vercel-id"];
  return typeof id === "string" ? id : "";
}

/** Runs `listener` so that whatever it starts finds its request's context. */
export function runInContext<Result>(
  response: ServerResponse,
  listener: (request: IncomingMessage, response: ServerResponse) => Result,
): Result {
  return current.run(response, listener, response.req, response);
}

/** Lets the context of a request that asks for a WebSocket hand over its socket. */
export function offerUpgrade(response: ServerResponse, take: () => Upgrade): void {
  (response as ContextResponse)[upgrade] = take;
}

/** Defines `globalThis[Symbol.for("@vercel/request-context")]`. */
export function installRequestContext(shared: SharedContext): void {
  // Work outside a request (timers, module scope) may still register background work.
  Object.defineProperty(globalThis, Symbol.for("@vercel/request-context"), {
    configurable: true,
    enumerable: false,
    value: {
      get: () => {
        const response = current.getStore() as ContextResponse | undefined;
        if (response === undefined) return shared;
        response[context] ??= contextOf(response, shared);
        return response[context];
      },
    },
  });
}

function contextOf(response: ContextResponse, shared: SharedContext): RequestContext {
  const request = response.req;
  const deadline = deadlineMs(request);
  return {
    ...shared,
    headers: plainHeaders(request),
    url: requestUrl(request),
    addCacheTag: async (tag) => addCacheTag(response, tag),
    ...(deadline === undefined ? {} : { deadline }),
    ...(response[upgrade] ? { upgradeWebSocket: response[upgrade] } : {}),
  };
}

/** The URL as the client asked for it. */
export function requestUrl(request: IncomingMessage): string {
  const { headers } = request;
  const protocol = first(headers["x-forwarded-proto"]) || "https";
  const host = first(headers["x-forwarded-host"]) || headers.host || "localhost";
  const target = request.url ?? "/";
  return target.startsWith("/") || target.startsWith("*") ? `${protocol}://${host}${target}` : target;
}

function first(value: string | string[] | undefined): string | undefined {
  if (typeof value !== "string") return value?.[0];
  const comma = value.indexOf(",");
  return comma === -1 ? value : value.slice(0, comma).trim();
}

function plainHeaders(request: IncomingMessage): Record<string, string> {
  const plain: Record<string, string> = {};
  for (const [name, value] of Object.entries(request.headers)) {
    if (value !== undefined) plain[name] = Array.isArray(value) ? value.join(", ") : value;
  }
  return plain;
}

/** Tags of the CDN's copy travel as `Vercel-Cache-Tag`. */
function addCacheTag(response: ServerResponse, tag: string | string[]): void {
  if (response.headersSent) throw new Error("addCacheTag was called after the response's headers were sent");
  const known = response.getHeader("vercel-cache-tag");
  const tags = [known === undefined ? [] : String(known), tag].flat();
  response.setHeader("vercel-cache-tag", tags.join(","));
}
