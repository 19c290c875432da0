import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cacheHeaders, type TagInvalidation } from "@evenkeel/model";

interface Entry {
  bytes: ArrayBuffer;
  tags: string[];
  headers: Headers;
}

/**
 * The cache service of `cache-protocol.ts` as small as it can be: entries in memory, tags that expire at once or make stale, no clock. Several
 * sockets share one store, as several edges do.
 */
export class FakeCache {
  readonly folder = mkdtempSync(join(tmpdir(), "ek-cache-"));
  readonly requests: string[] = [];
  readonly invalidations: TagInvalidation[] = [];
  readonly revalidations: unknown[] = [];
  private readonly entries = new Map<string, Entry>();
  private readonly stale = new Set<string>();
  private readonly servers = new Map<string, { stop(force?: boolean): unknown }>();

  /** Adds an edge. */
  listen(name: string): void {
    mkdirSync(this.folder, { recursive: true });
    const unix = join(this.folder, `${name}.sock`);
    this.servers.set(name, Bun.serve({ unix, fetch: (request) => this.answer(request) }));
  }

  /** An edge dies and leaves its socket file. */
  kill(name: string): void {
    this.servers.get(name)?.stop(true);
    this.servers.delete(name);
  }

  stop(): void {
    for (const name of [...this.servers.keys()]) this.kill(name);
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async answer(request: Request): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    this.requests.push(`${request.method} ${pathname}`);
    if (request.headers.get("authorization") !== "Bearer token") return new Response(null, { status: 401 });
    if (pathname === "/v1/tags") {
      const invalidation = (await request.json()) as TagInvalidation;
      this.invalidate(invalidation);
      return new Response(null, { status: 204 });
    }
    if (pathname === "/v1/revalidate") {
      this.revalidations.push(await request.json());
      return Response.json({ status: 200, headers: { "x-vercel-cache": "REVALIDATED" } });
    }
    if (request.method === "PUT") {
      const tags = (request.headers.get(cacheHeaders.tags) ?? "").split(",").map(decodeURIComponent);
      this.entries.set(pathname, { bytes: await request.arrayBuffer(), tags, headers: request.headers });
      return new Response(null, { status: 204 });
    }
    if (request.method === "DELETE") {
      this.entries.delete(pathname);
      return new Response(null, { status: 204 });
    }
    const entry = this.entries.get(pathname);
    if (entry === undefined) return new Response(null, { status: 404 });
    const soft = searchParams.get("tags")?.split(",") ?? [];
    const state = [...entry.tags, ...soft].some((tag) => this.stale.has(tag)) ? "stale" : "fresh";
    const created = entry.headers.get(cacheHeaders.createdMs) ?? String(Date.now());
    return new Response(entry.bytes, {
      headers: { [cacheHeaders.state]: state, [cacheHeaders.createdMs]: created },
    });
  }

  private invalidate(invalidation: TagInvalidation): void {
    this.invalidations.push(invalidation);
    for (const tag of invalidation.tags) {
      if (invalidation.expireAfterS !== undefined) this.stale.add(tag);
      else for (const [key, { tags }] of this.entries) if (tags.includes(tag)) this.entries.delete(key);
    }
  }
}
