import type { CacheClient } from "./cache-client.ts";

const tokenHeader = "x-prerender-revalidate";

/**
 * `res.revalidate()` of Next.js's Pages Router sends HEAD with the bypass token to `https://<host>`, which is this very deployment. A
 * deployment may have no name that resolves from here, nor TLS, so that one request goes to the cache service.
 */
export function revalidatePagesThrough(client: CacheClient): void {
  const fetchOverNetwork = globalThis.fetch;
  globalThis.fetch = async function fetch(
    input: string | URL | Request,
    init?: RequestInit,
  ): Promise<Response> {
    const headers = init?.method === "HEAD" ? init.headers : undefined;
    if (headers === undefined || typeof input !== "string" || !(tokenHeader in headers)) {
      return fetchOverNetwork(input, init);
    }
    const { pathname, search } = new URL(input);
    const revalidated = await client.revalidatePath({
      path: pathname + search,
      headers: Object.fromEntries(new Headers(headers)),
    });
    return new Response(null, revalidated);
  } as typeof globalThis.fetch;
}
