import type { CacheClient } from "./cache-client.ts";
import { CacheEntries } from "./cache-entries.ts";

/** `getCache()` of `@vercel/functions`: https://vercel.com/docs/functions/functions-api-reference/vercel-functions-package#getcache */
export interface RuntimeCache {
  get(key: string): Promise<unknown>;
  /** @param options `ttl` in seconds; without it the value stays until a tag of it expires. */
  set(key: string, value: unknown, options?: { tags?: string[]; ttl?: number; name?: string }): Promise<void>;
  delete(key: string): Promise<void>;
  expireTag(tag: string | string[]): Promise<void>;
}

export function runtimeCache(client: CacheClient): RuntimeCache {
  const entries = new CacheEntries(client, "runtime");
  return {
    async get(key) {
      const stored = await entries.get(key);
      return stored === undefined || stored.stale ? null : (JSON.parse(stored.bytes.toString()) as unknown);
    },
    set: (key, value, options = {}) =>
      entries.set(key, Buffer.from(JSON.stringify(value ?? null)), {
        ...(options.tags ? { tags: options.tags } : {}),
        ...(options.ttl ? { expireS: options.ttl } : {}),
      }),
    delete: (key) => entries.delete(key),
    expireTag: (tag) => client.invalidateTags(tag),
  };
}

/** The purge API of `@vercel/functions` for the CDN's copies. */
export interface PurgeApi {
  invalidateByTag(tag: string | string[]): Promise<void>;
  dangerouslyDeleteByTag(
    tag: string | string[],
    options?: { revalidationDeadlineSeconds?: number },
  ): Promise<void>;
}

export function purgeApi(client: CacheClient): PurgeApi {
  return {
    invalidateByTag: (tag) => client.invalidateTags(tag, null),
    dangerouslyDeleteByTag: (tag, options = {}) =>
      client.invalidateTags(tag, options.revalidationDeadlineSeconds || undefined),
  };
}
