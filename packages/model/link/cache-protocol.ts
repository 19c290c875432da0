import { createHmac, timingSafeEqual } from "node:crypto";
import type { DeploymentId } from "../ids.ts";

/**
 * The cache service that edges offer to instances: Next.js's data cache, `@vercel/functions`' runtime cache and
 * purge API, and on-demand revalidation all end here.
 *
 * **Where.** HTTP/1.1 on unix sockets. The folder in `EVENKEEL_CACHE_SOCKETS` (in a private root:
 * `/run/evenkeel/cache`, a bind mount of `HomeLayout.cacheSockets`) holds one socket per edge process, named
 * `<edge>.<pid>.sock`. All of them answer alike, at once: they share one store. A client takes any that accepts a
 * connection and the next one when it is refused; only the folder may be mounted, since a restarted edge makes
 * a new socket file. No edge at all: reads count as a miss, writes are dropped.
 *
 * **Who.** `authorization: Bearer <EVENKEEL_CACHE_TOKEN>`, see `cacheToken`; else 401. A deployment sees the
 * entries and tags of its app and environment, which outlive deployments as on Vercel; a preview only its own.
 *
 * | request | answer |
 * |---|---|
 * | `GET /v1/entries/<key>?tags=<soft tags>` | 200 with the bytes as they were stored and the headers below; 404: none, expired, or a tag of it (its own or a soft one) expired since |
 * | `PUT /v1/entries/<key>` with bytes | 204; 413 over `cacheEntryLimitBytes` |
 * | `DELETE /v1/entries/<key>` | 204 |
 * | `POST /v1/tags` with `TagInvalidation` | 204 once it is in force in every edge and for every cached page |
 * | `GET /v1/tags?since=<cursor>` | 200 with `TagChanges`, for caches in an instance's own memory; begin with 0 |
 * | `POST /v1/revalidate` with `PathRevalidation` | 200 with `PathRevalidated`: the path was requested anew at this deployment (`res.revalidate()` of Next.js's Pages Router) |
 *
 * Keys and tags are percent-encoded (`encodeURIComponent`), tags then joined by `,`. A key has at most 1,024
 * characters, an entry at most 128 tags of 256 characters.
 */
export const cacheSocketsVariable = "EVENKEEL_CACHE_SOCKETS";
export const cacheTokenVariable = "EVENKEEL_CACHE_TOKEN";

/** Vercel's limit of a data cache item is 2 MB; React's payloads of "use cache" may be larger. */
export const cacheEntryLimitBytes = 8 * 1024 * 1024;

export const cacheHeaders = {
  /** Of a PUT: the entry's tags. */
  tags: "x-cache-tags",
  /** Of a PUT: seconds after which it is stale; absent: never by time. */
  revalidateS: "x-cache-revalidate-s",
  /** Of a PUT: seconds after which it is gone; absent: never by time. */
  expireS: "x-cache-expire-s",
  /** Of a PUT and a GET's answer: anything the client wants back, at most 8 KiB of visible ASCII. */
  meta: "x-cache-meta",
  /**
   * Of a PUT: epoch milliseconds at which the value *began* to be made (default: now), so that a tag expired
   * meanwhile counts; of a GET's answer: the same.
   */
  createdMs: "x-cache-created-ms",
  /** Of a GET's answer: `fresh`, or `stale` by time or by a tag. */
  state: "x-cache-state",
} as const;

/**
 * - `expireAfterS` absent: expired at once, nothing older is given any more (`updateTag`, `revalidatePath`,
 *   `revalidateTag(tag)`, `dangerouslyDeleteByTag`, the runtime cache's `expireTag`).
 * - a number: stale at once, expired after so many seconds (`revalidateTag(tag, profile)`: its `expire`;
 *   `dangerouslyDeleteByTag` with `revalidationDeadlineSeconds`).
 * - `null`: stale at once, never expired (`invalidateByTag`).
 */
export interface TagInvalidation {
  tags: string[];
  expireAfterS?: number | null;
}

export interface TagChanges {
  /** For the next request's `since`. */
  cursor: number;
  /** Epoch milliseconds; values made before them are stale or expired (once that time has come). */
  tags: { tag: string; staleAtMs?: number; expiredAtMs?: number }[];
}

export interface PathRevalidation {
  /** Begins with `/`; may have a query. */
  path: string;
  /** At least `x-prerender-revalidate`, the output's bypass token. */
  headers: Record<string, string>;
}

export interface PathRevalidated {
  status: number;
  /** Lower-case names; `x-vercel-cache` is `REVALIDATED` where it was rendered again. */
  headers: Record<string, string>;
}

/**
 * What an instance shows to the cache service: its deployment and a proof that the host gave it.
 *
 * @param key contents of `HomeLayout.cacheKey`, made by whichever process needs it first (`loadOrCreateKey` of
 *   `@evenkeel/disk`).
 */
export function cacheToken(key: Uint8Array, deployment: DeploymentId): string {
  return `${deployment}.${createHmac("sha256", key).update(`cache:${deployment}`).digest("base64url")}`;
}

/** The deployment that a token proves, or undefined. */
export function readCacheToken(key: Uint8Array, token: string): DeploymentId | undefined {
  const deployment = token.slice(0, Math.max(0, token.indexOf("."))) as DeploymentId;
  const expected = Buffer.from(cacheToken(key, deployment));
  const given = Buffer.from(token);
  return expected.length === given.length && timingSafeEqual(expected, given) ? deployment : undefined;
}
