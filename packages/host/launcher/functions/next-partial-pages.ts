import type { IncomingMessage, ServerResponse } from "node:http";
import { preRenderContentType } from "@evenkeel/model/link/pre-render-answer";
import type { FunctionListener } from "./function-server.ts";

/** What Next.js knows of a page that it has just prerendered (`ResponseCacheEntry`, as far as it is used here). */
interface CacheEntry {
  cacheControl?: { revalidate?: number | false; expire?: number };
  value?: {
    kind?: string;
    postponed?: unknown;
    status?: number;
    headers?: Record<string, string | number | string[] | undefined>;
    html: { isDynamic: boolean; toUnchunkedString(stream: boolean): string | Promise<string> };
  } | null;
}

type OnCacheEntry = (entry: CacheEntry) => Promise<boolean>;

/** Launchers of apps with Partial Prerendering export it beside the listener that they are. */
interface NextExport {
  getRequestHandlerWithMetadata?(metadata: {
    onCacheEntry: OnCacheEntry;
    onCacheEntryV2: OnCacheEntry;
  }): FunctionListener;
}

const yearS = 31_536_000;

/**
 * A Next.js function that also answers pages of which only a part is static. Next.js gives their postponed state to the platform by a
 * call-back only; what it would answer without one is a shell that nobody can complete. See `pre-render-answer.ts` of the model.
 */
export function withPartialPages(listener: FunctionListener): FunctionListener {
  const { getRequestHandlerWithMetadata } = listener as NextExport;
  if (typeof getRequestHandlerWithMetadata !== "function") return listener;
  return (request, response) => {
    // Asked now: Next.js takes the header off a request that it prerenders.
    const isData = asksForData(request);
    const onCacheEntry: OnCacheEntry = (entry) => answerPartialPage(entry, response, isData);
    return getRequestHandlerWithMetadata({ onCacheEntry, onCacheEntryV2: onCacheEntry })(request, response);
  };
}

/** React's data of a page instead of its HTML: all of it is dynamic, so its shell is empty. */
function asksForData({ headers }: IncomingMessage): boolean {
  return headers["rsc"] === "1" || String(headers["x-matched-path"]).endsWith(".rsc");
}

/** True: answered. Everything that is whole is left to Next.js. */
async function answerPartialPage(
  entry: CacheEntry,
  response: ServerResponse,
  isData: boolean,
): Promise<boolean> {
  const { value } = entry;
  if (value?.kind !== "APP_PAGE" || typeof value.postponed !== "string") return false;
  const state = Buffer.from(value.postponed);
  const shell = isData ? "" : await value.html.toUnchunkedString(value.html.isDynamic);
  for (const [name, given] of Object.entries(value.headers ?? {})) {
    if (given !== undefined) response.setHeader(name, typeof given === "number" ? String(given) : given);
  }
  const origin = isData ? "text/x-component" : "text/html; charset=utf-8";
  response.statusCode = value.status ?? 200;
  response.setHeader("content-type", preRenderContentType(state.length, origin));
  response.setHeader("cache-control", cacheControlOf(entry));
  response.end(Buffer.concat([state, Buffer.from(shell)]));
  return true;
}

/** As Next.js writes it for whole pages. */
function cacheControlOf({ cacheControl }: CacheEntry): string {
  const { revalidate, expire } = cacheControl ?? {};
  if (revalidate === 0) return "private, no-cache, no-store, max-age=0, must-revalidate";
  if (typeof revalidate !== "number") return `s-maxage=${yearS}`;
  const stale =
    expire !== undefined && expire > revalidate ? `, stale-while-revalidate=${expire - revalidate}` : "";
  return `s-maxage=${revalidate}${stale}`;
}
