import type { CacheClient } from "./cache-client.ts";
import { CacheEntries } from "./cache-entries.ts";

/** https://nextjs.org/docs/app/api-reference/config/next-config-js/cacheHandlers */
export interface UseCacheEntry {
  value: ReadableStream<Uint8Array>;
  tags: string[];
  /** Seconds a browser may use it. */
  stale: number;
  /** Epoch milliseconds. */
  timestamp: number;
  /** Seconds. */
  expire: number;
  /** Seconds; negative: refresh behind the next read. */
  revalidate: number;
}

export interface UseCacheHandler {
  get(key: string, softTags: string[]): Promise<UseCacheEntry | undefined>;
  set(key: string, pending: Promise<UseCacheEntry>): Promise<void>;
  refreshTags(): Promise<void>;
  getExpiration(tags: string[]): Promise<number>;
  updateTags(tags: string[], durations?: { expire?: number }): Promise<void>;
}

/**
 * Next.js's "use cache" and "use cache: remote". One object for both, which Next.js then tells of each invalidated tag only once.
 *
 * An entry is stored as one line of JSON, its description, and the bytes of its value.
 */
export function nextUseCache(client: CacheClient): UseCacheHandler {
  const entries = new CacheEntries(client, "next-use");
  const pendingSets = new Map<string, Promise<void>>();
  return {
    async get(key, softTags) {
      await pendingSets.get(key);
      const stored = await entries.get(key, softTags);
      if (stored === undefined) return undefined;
      const end = stored.bytes.indexOf(10);
      const description = JSON.parse(stored.bytes.toString("utf8", 0, end)) as Omit<UseCacheEntry, "value">;
      return {
        ...description,
        revalidate: stored.stale ? -1 : description.revalidate,
        value: streamOf(stored.bytes.subarray(end + 1)),
      };
    },
    async set(key, pending) {
      const stored = store(entries, key, pending);
      pendingSets.set(key, stored);
      try {
        await stored;
      } finally {
        if (pendingSets.get(key) === stored) pendingSets.delete(key);
      }
    },
    refreshTags: () => Promise.resolve(),
    // Soft tags are judged by the service at each `get`.
    getExpiration: () => Promise.resolve(Number.POSITIVE_INFINITY),
    updateTags: (tags, durations) => client.invalidateTags(tags, durations && (durations.expire ?? null)),
  };
}

/** A value whose stream fails is not kept; the request that made it has told the app. */
async function store(entries: CacheEntries, key: string, pending: Promise<UseCacheEntry>): Promise<void> {
  try {
    const { value, ...description } = await pending;
    const chunks: Uint8Array[] = [Buffer.from(`${JSON.stringify(description)}\n`)];
    for await (const chunk of value) chunks.push(chunk);
    if (description.expire === 0) return;
    await entries.set(key, Buffer.concat(chunks), {
      tags: description.tags,
      revalidateS: description.revalidate,
      expireS: description.expire,
      createdMs: description.timestamp,
    });
  } catch {}
}

const streamOf = (bytes: Uint8Array): ReadableStream<Uint8Array> =>
  new ReadableStream({
    start(controller) {
      controller.enqueue(bytes);
      controller.close();
    },
  });
