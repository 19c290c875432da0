import process from "node:process";
import type { CacheClient } from "./cache-client.ts";
import { suspenseCache } from "./suspense-cache.ts";

const tokenHeader = "x-prerender-revalidate";
/** A name that resolves nowhere; requests to it never leave the process. */
const suspenseCacheHost = "suspense-cache.evenkeel.invalid";
const suspenseCachePrefix = `https://${suspenseCacheHost}/v1/suspense-cache/`;

/**
 * Answers what Next.js sends by `fetch` to the platform itself:
 *
 * - `res.revalidate()` of the Pages Router: HEAD with the bypass token to `https://<host>`, which is this very deployment. It may have no
 *   name that resolves from here, nor TLS.
 * - the data cache of Next.js 13.4 to 14, which speaks HTTP to `SUSPENSE_CACHE_URL`.
 */
export function answerNextRequests(client: CacheClient): void {
  process.env["SUSPENSE_CACHE_URL"] = suspenseCacheHost;
  const answerSuspenseCache = suspenseCache(client);
  const fetchOverNetwork = globalThis.fetch;
  globalThis.fetch = async function fetch(
    input: string | URL | Request,
    init?: RequestInit,
  ): Promise<Response> {
    if (typeof input !== "string") return fetchOverNetwork(input, init);
    if (input.startsWith(suspenseCachePrefix)) {
      return answerSuspenseCache(input.slice(suspenseCachePrefix.length), init ?? {});
    }
    const headers = init?.method === "HEAD" ? init.headers : undefined;
    if (headers === undefined || !(tokenHeader in headers)) return fetchOverNetwork(input, init);
    const { pathname, search } = new URL(input);
    const revalidated = await client.revalidatePath({
      path: pathname + search,
      headers: Object.fromEntries(new Headers(headers)),
    });
    return new Response(null, revalidated);
  } as typeof globalThis.fetch;
}
