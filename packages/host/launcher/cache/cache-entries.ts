import { createHash } from "node:crypto";
import { cacheEntryLimitBytes, cacheHeaders } from "@evenkeel/model/link/cache-protocol";
import type { CacheClient } from "./cache-client.ts";

export interface StoredEntry {
  bytes: Buffer;
  /** Stale by time or by a tag. */
  stale: boolean;
  createdMs: number;
}

export interface EntryOptions {
  tags?: readonly string[];
  /** Seconds; undefined or infinite: never. */
  revalidateS?: number;
  /** Seconds; undefined or infinite: never. */
  expireS?: number;
  createdMs?: number;
}

/** The longest time worth telling: a hundred years in seconds. */
const foreverS = 3_153_600_000;

/** Named entries in the cache service. Each kind has its own `space`, so that their keys cannot meet. */
export class CacheEntries {
  constructor(
    private readonly client: CacheClient,
    private readonly space: string,
  ) {}

  /** @param softTags checked beside the entry's own. */
  async get(key: string, softTags: readonly string[] = []): Promise<StoredEntry | undefined> {
    const query = softTags.length === 0 ? "" : `?tags=${encodeTags(softTags)}`;
    const answer = await this.client.read(this.path(key) + query);
    if (answer === undefined) return undefined;
    return {
      bytes: answer.body,
      stale: answer.headers[cacheHeaders.state] === "stale",
      createdMs: Number(answer.headers[cacheHeaders.createdMs] ?? 0),
    };
  }

  /** Entries over the service's limit are not kept. */
  async set(key: string, bytes: Uint8Array, options: EntryOptions): Promise<void> {
    if (bytes.length > cacheEntryLimitBytes) return;
    const headers: Record<string, string> = {};
    if (options.tags?.length) headers[cacheHeaders.tags] = encodeTags(options.tags);
    if (isLimited(options.revalidateS)) headers[cacheHeaders.revalidateS] = String(options.revalidateS);
    if (isLimited(options.expireS)) headers[cacheHeaders.expireS] = String(options.expireS);
    if (options.createdMs !== undefined)
      headers[cacheHeaders.createdMs] = String(Math.round(options.createdMs));
    await this.client.write("PUT", this.path(key), bytes, headers);
  }

  async delete(key: string): Promise<void> {
    await this.client.write("DELETE", this.path(key));
  }

  /** Keys hold arguments of any length and content; the service takes 1,024 characters. */
  private path(key: string): string {
    return `/v1/entries/${this.space}-${createHash("sha256").update(key).digest("hex")}`;
  }
}

const encodeTags = (tags: readonly string[]): string => tags.map(encodeURIComponent).join(",");

const isLimited = (seconds: number | undefined): boolean =>
  typeof seconds === "number" && seconds >= 0 && seconds < foreverS;
