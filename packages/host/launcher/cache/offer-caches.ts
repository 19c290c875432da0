import { isNextLauncher } from "../functions/next-launcher.ts";
import { CacheClient } from "./cache-client.ts";
import { nextFetchCache } from "./next-fetch-cache.ts";
import { answerNextRequests } from "./next-requests.ts";
import { nextUseCache } from "./next-use-cache.ts";
import { type PurgeApi, purgeApi, type RuntimeCache, runtimeCache } from "./runtime-cache.ts";

/**
 * Connects the app's caches to the edges: Next.js finds its handlers where it looks for the platform's (unless it is configured with its
 * own), and what is returned belongs into the request context.
 *
 * @param sockets folder with a socket per edge.
 * @param handler path of the function's entry.
 */
export function offerCaches(
  sockets: string,
  token: string,
  handler: string,
): { cache: RuntimeCache; purge: PurgeApi } {
  const client = new CacheClient(sockets, token);
  const useCache = nextUseCache(client);
  Object.defineProperty(globalThis, Symbol.for("@next/cache-handlers"), {
    configurable: true,
    value: { FetchCache: nextFetchCache(client), DefaultCache: useCache, RemoteCache: useCache },
  });
  if (isNextLauncher(handler)) answerNextRequests(client);
  return { cache: runtimeCache(client), purge: purgeApi(client) };
}
