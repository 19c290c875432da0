import type { CacheClient } from "./cache-client.ts";
import { nextFetchCache } from "./next-fetch-cache.ts";
import { nextUseCache } from "./next-use-cache.ts";

/** Where Next.js looks for the platform's cache handlers when the app configures none itself. */
export function installNextCaches(client: CacheClient): void {
  const useCache = nextUseCache(client);
  const handlers = { FetchCache: nextFetchCache(client), DefaultCache: useCache, RemoteCache: useCache };
  Object.defineProperty(globalThis, Symbol.for("@next/cache-handlers"), {
    configurable: true,
    value: handlers,
  });
}
