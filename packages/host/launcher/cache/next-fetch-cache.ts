import type { CacheClient } from "./cache-client.ts";
import { CacheEntries } from "./cache-entries.ts";

/** Next.js takes an age of a year for stale, whatever the entry's own time. */
const yearMs = 31_536_000_000;

interface FetchData {
  kind: string;
  revalidate?: number | false;
  tags?: string[];
}

interface GetContext {
  /** `FETCH` since Next.js 15, `fetch` in `kindHint` before. */
  kind?: string;
  kindHint?: string;
  tags?: string[];
  softTags?: string[];
}

interface SetContext {
  fetchCache?: boolean;
  tags?: string[];
  revalidate?: number | false;
}

/**
 * Next.js's data cache (`fetch`, `unstable_cache`) for `Symbol.for("@next/cache-handlers").FetchCache`, the class that its incremental cache
 * makes anew for each request. Pages are not its matter: in minimal mode the edge keeps them.
 */
export function nextFetchCache(client: CacheClient): new () => object {
  const entries = new CacheEntries(client, "next-fetch");
  return class FetchCache {
    async get(key: string, context: GetContext = {}): Promise<object | null> {
      if ((context.kind ?? context.kindHint ?? "FETCH").toUpperCase() !== "FETCH") return null;
      const stored = await entries.get(key, [...(context.tags ?? []), ...(context.softTags ?? [])]);
      if (stored === undefined) return null;
      return {
        lastModified: stored.stale ? Date.now() - yearMs : stored.createdMs,
        value: JSON.parse(stored.bytes.toString()) as FetchData,
      };
    }

    async set(key: string, data: FetchData | null, context: SetContext = {}): Promise<void> {
      if (data?.kind?.toUpperCase() !== "FETCH") return;
      const revalidate = data.revalidate ?? context.revalidate;
      await entries.set(key, Buffer.from(JSON.stringify(data)), {
        tags: [...new Set([...(data.tags ?? []), ...(context.tags ?? [])])],
        ...(typeof revalidate === "number" ? { revalidateS: revalidate } : {}),
      });
    }

    revalidateTag(tags: string | string[], durations?: { expire?: number }): Promise<void> {
      return client.invalidateTags(tags, durations && (durations.expire ?? null));
    }

    resetRequestCache(): void {}
  };
}
