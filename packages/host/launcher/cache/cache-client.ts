import { readdirSync } from "node:fs";
import http from "node:http";
import { join } from "node:path";
import type { PathRevalidated, PathRevalidation, TagInvalidation } from "@evenkeel/model/link/cache-protocol";
import { CacheServiceError } from "../errors.ts";

// Taken before the app loads: tracing libraries replace them, and our calls are not the app's.
const { Agent, request } = http;

export interface CacheAnswer {
  status: number;
  headers: http.IncomingHttpHeaders;
  body: Buffer;
}

/** A cache that does not answer must not hold a page back. Milliseconds. */
const readLimitMs = 1_000;
/** Invalidations wait for every edge. */
const writeLimitMs = 10_000;

/** The in-process end of `cache-protocol.ts`. */
export class CacheClient {
  private readonly agent = new Agent({ keepAlive: true, maxSockets: 64, maxFreeSockets: 8 });
  private sockets: string[] = [];
  private pendingInvalidations = new Map<string, Promise<void>>();

  /**
   * @param folder holds a socket per edge.
   * @param token proves the deployment.
   */
  constructor(
    private readonly folder: string,
    private readonly token: string,
  ) {}

  /** Undefined when it is not there, or no edge answers. */
  async read(path: string): Promise<CacheAnswer | undefined> {
    const answer = await this.send("GET", path, undefined, {}, readLimitMs).catch(() => undefined);
    return answer?.status === 200 ? answer : undefined;
  }

  /** A write that fails is a miss later, and no reason to fail a request. */
  async write(
    method: "PUT" | "DELETE",
    path: string,
    body?: Uint8Array,
    headers: Record<string, string> = {},
  ): Promise<void> {
    await this.send(method, path, body, headers, writeLimitMs).catch(() => undefined);
  }

  /**
   * Resolves once the tags are invalid everywhere. The same call from several of Next.js's cache handlers in one turn is sent once.
   *
   * @throws CacheServiceError when no edge took it: the app must not believe that it was.
   */
  invalidateTags(tags: string | string[], expireAfterS?: number | null): Promise<void> {
    const invalidation: TagInvalidation = {
      tags: typeof tags === "string" ? [tags] : tags,
      ...(expireAfterS === undefined ? {} : { expireAfterS }),
    };
    if (invalidation.tags.length === 0) return Promise.resolve();
    const body = JSON.stringify(invalidation);
    const pending = this.pendingInvalidations.get(body);
    if (pending) return pending;
    const sent = Promise.resolve().then(async () => {
      this.pendingInvalidations.delete(body);
      await this.post("/v1/tags", body, "invalidating tags");
    });
    this.pendingInvalidations.set(body, sent);
    return sent;
  }

  /** @throws CacheServiceError when the path could not be requested. */
  async revalidatePath(revalidation: PathRevalidation): Promise<PathRevalidated> {
    const answer = await this.post(
      "/v1/revalidate",
      JSON.stringify(revalidation),
      "revalidating a path",
      60_000,
    );
    return JSON.parse(answer.body.toString()) as PathRevalidated;
  }

  private async post(
    path: string,
    body: string,
    action: string,
    limitMs = writeLimitMs,
  ): Promise<CacheAnswer> {
    const headers = { "content-type": "application/json" };
    const answer = await this.send("POST", path, Buffer.from(body), headers, limitMs).catch(
      (cause: unknown) => {
        throw new CacheServiceError(`The cache service did not answer while ${action}`, { cause });
      },
    );
    if (answer === undefined) {
      throw new CacheServiceError(`No cache service is there while ${action}`);
    }
    if (answer.status >= 300) {
      throw new CacheServiceError(`The cache service answered ${answer.status} while ${action}`);
    }
    return answer;
  }

  /** Tries each edge once; a restarted edge has a new socket file, so the folder is read again before giving up. */
  private async send(
    method: string,
    path: string,
    body: Uint8Array | undefined,
    headers: Record<string, string>,
    limitMs: number,
  ): Promise<CacheAnswer | undefined> {
    let refused: unknown;
    for (const round of ["known", "fresh"]) {
      if (round === "fresh" || this.sockets.length === 0) this.sockets = this.listSockets();
      for (const socketPath of [...this.sockets]) {
        try {
          return await this.exchange(socketPath, method, path, body, headers, limitMs);
        } catch (error) {
          refused = error;
          if (!mayRepeat(error)) throw error;
          this.sockets = this.sockets.filter((known) => known !== socketPath);
        }
      }
    }
    if (refused !== undefined) throw refused;
    return undefined;
  }

  private listSockets(): string[] {
    try {
      return readdirSync(this.folder)
        .filter((name) => name.endsWith(".sock"))
        .map((name) => join(this.folder, name));
    } catch {
      return [];
    }
  }

  private exchange(
    socketPath: string,
    method: string,
    path: string,
    body: Uint8Array | undefined,
    headers: Record<string, string>,
    limitMs: number,
  ): Promise<CacheAnswer> {
    return new Promise((resolve, reject) => {
      const outgoing = request({
        agent: this.agent,
        socketPath,
        method,
        path,
        headers: {
          host: "cache",
          authorization: `Bearer ${this.token}`,
          "content-length": body?.length ?? 0,
          ...headers,
        },
        timeout: limitMs,
      });
      outgoing.on("timeout", () => outgoing.destroy(new Error(`no answer within ${limitMs} ms`)));
      outgoing.on("error", reject);
      outgoing.on("response", (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("end", () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: Buffer.concat(chunks),
          }),
        );
        response.on("error", reject);
      });
      outgoing.end(body);
    });
  }
}

/** The edge is gone; every request of the protocol may be sent twice. */
function mayRepeat(error: unknown): boolean {
  return ["ECONNREFUSED", "ENOENT", "ECONNRESET", "EPIPE"].includes(
    (error as NodeJS.ErrnoException).code ?? "",
  );
}
