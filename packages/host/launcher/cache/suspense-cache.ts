import type { CacheClient } from "./cache-client.ts";
import { CacheEntries } from "./cache-entries.ts";

/** Of Next.js 14's `incremental-cache/fetch-cache.js`. */
const headerNames = {
  tags: "x-vercel-cache-tags",
  softTags: "x-next-cache-soft-tags",
  revalidate: "x-vercel-revalidate",
  state: "x-vercel-cache-state",
};

/**
 * The protocol of Vercel's first data cache: `GET` and `POST <key>`, `POST revalidate?tags=<tags>`.
 *
 * @returns answers a request by what follows `/v1/suspense-cache/`.
 */
export function suspenseCache(client: CacheClient): (path: string, init: RequestInit) => Promise<Response> {
  const entries = new CacheEntries(client, "next-fetch");
  return async (path, init) => {
    const headers = new Headers(init.headers);
    const listed = (name: string) => (headers.get(name) ?? "").split(",").filter((tag) => tag !== "");
    if (path.startsWith("revalidate?")) {
      const tags = path.slice(path.indexOf("=") + 1).split(",");
      await client.invalidateTags(tags.map(decodeURIComponent));
      return new Response(null);
    }
    if (init.method === "POST") {
      const revalidate = Number.parseInt(headers.get(headerNames.revalidate) ?? "", 10);
      await entries.set(path, Buffer.from(String(init.body)), {
        tags: listed(headerNames.tags),
        ...(Number.isNaN(revalidate) ? {} : { revalidateS: revalidate }),
      });
      return new Response(null);
    }
    const stored = await entries.get(path, [...listed(headerNames.tags), ...listed(headerNames.softTags)]);
    if (stored === undefined) return new Response(null, { status: 404 });
    const ageS = Math.max(0, Math.round((Date.now() - stored.createdMs) / 1000));
    return new Response(new Uint8Array(stored.bytes), {
      headers: { [headerNames.state]: stored.stale ? "stale" : "fresh", age: String(ageS) },
    });
  };
}
