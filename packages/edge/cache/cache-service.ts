import { chmodSync, mkdirSync, rmSync } from "node:fs";
import {
  cacheEntryLimitBytes,
  cacheHeaders,
  type DeploymentId,
  errorJson,
  InvalidValueError,
  type PathRevalidated,
  type PathRevalidation,
  readCacheToken,
  type ServedDeployment,
  type TagInvalidation,
} from "@evenkeel/model";
import { dataScope } from "./cache-scope.ts";
import type { EntryStore } from "./entry-store.ts";
import type { TagLedger } from "./tag-ledger.ts";

export interface CacheServiceOptions {
  /** `HomeLayout.cacheSockets`; the socket is made in it. */
  socketsFolder: string;
  /** Of this edge: `edge-0`. */
  name: string;
  key: Uint8Array;
  entries: EntryStore;
  tags: TagLedger;
  deployment(id: DeploymentId): ServedDeployment | undefined;
  /** Requests a page anew at its own deployment. */
  revalidatePath(deployment: ServedDeployment, wish: PathRevalidation): Promise<PathRevalidated>;
}

const tagsLimit = 128;
const nameLimit = 1_024;
const tagLimit = 256;

/** The service of `cache-protocol.ts`. */
export function startCacheService(options: CacheServiceOptions): {
  socketPath: string;
  stop(): Promise<void>;
} {
  mkdirSync(options.socketsFolder, { recursive: true, mode: 0o755 });
  const socketPath = `${options.socketsFolder}/${options.name}.sock`;
  rmSync(socketPath, { force: true });
  const server = Bun.serve({
    unix: socketPath,
    development: false,
    maxRequestBodySize: cacheEntryLimitBytes,
    fetch: (request, server) => {
      // A page may take as long to render as its function is allowed to.
      server.timeout(request, 0);
      return answer(options, request);
    },
    error: (error) => {
      console.error(`edge: cache service: ${error}`);
      return Response.json(errorJson(error), { status: 500 });
    },
  });
  // Instances run as users of their own; the token says who they are.
  chmodSync(options.socketsFolder, 0o755);
  chmodSync(socketPath, 0o666);
  return { socketPath, stop: () => server.stop(true) };
}

async function answer(options: CacheServiceOptions, request: Request): Promise<Response> {
  const token = /^Bearer (.+)$/.exec(request.headers.get("authorization") ?? "")?.[1];
  const id = token === undefined ? undefined : readCacheToken(options.key, token);
  if (id === undefined) return new Response("Unknown cache token\n", { status: 401 });
  const deployment = options.deployment(id);
  if (!deployment) return new Response("This edge does not serve the deployment yet\n", { status: 503 });
  const url = new URL(request.url);
  try {
    const entry = /^\/v1\/entries\/([^/]+)$/.exec(url.pathname);
    if (entry) return await answerEntry(options, deployment, readName(entry[1]!, nameLimit), request, url);
    switch (`${request.method} ${url.pathname}`) {
      case "POST /v1/tags":
        await invalidate(options, deployment, (await request.json()) as TagInvalidation);
        return new Response(null, { status: 204 });
      case "GET /v1/tags": {
        const since = Number(url.searchParams.get("since") ?? 0);
        if (!Number.isSafeInteger(since) || since < 0) throw new InvalidValueError("`since` is no cursor");
        return Response.json(options.tags.changes(dataScope(deployment), since));
      }
      case "POST /v1/revalidate":
        return Response.json(
          await options.revalidatePath(deployment, (await request.json()) as PathRevalidation),
        );
      default:
        return new Response("No such endpoint of the cache service\n", { status: 404 });
    }
  } catch (error) {
    if (!(error instanceof InvalidValueError || error instanceof SyntaxError)) throw error;
    return Response.json(errorJson(error), { status: 400 });
  }
}

async function answerEntry(
  options: CacheServiceOptions,
  deployment: ServedDeployment,
  key: string,
  request: Request,
  url: URL,
): Promise<Response> {
  const scope = dataScope(deployment);
  switch (request.method) {
    case "GET": {
      const entry = options.entries.get(scope, key);
      if (!entry) return new Response(null, { status: 404 });
      options.tags.refresh();
      const soft = readTags(url.searchParams.get("tags"));
      const verdict = options.tags.judge(scope, [...entry.tags, ...soft], entry.createdMs);
      const nowMs = Date.now();
      const gone = nowMs >= verdict.expiresAtMs || (entry.expiresMs !== null && nowMs >= entry.expiresMs);
      if (gone) return new Response(null, { status: 404 });
      const stale = verdict.stale || (entry.staleMs !== null && nowMs >= entry.staleMs);
      return new Response(entry.bytes as Uint8Array<ArrayBuffer>, {
        headers: {
          "content-type": "application/octet-stream",
          [cacheHeaders.state]: stale ? "stale" : "fresh",
          [cacheHeaders.createdMs]: String(entry.createdMs),
          ...(entry.meta !== "" && { [cacheHeaders.meta]: entry.meta }),
        },
      });
    }
    case "PUT": {
      const { headers } = request;
      const nowMs = Date.now();
      const createdMs = Math.min(nowMs, readNumber(headers.get(cacheHeaders.createdMs)) ?? nowMs);
      const revalidateS = readNumber(headers.get(cacheHeaders.revalidateS));
      const expireS = readNumber(headers.get(cacheHeaders.expireS));
      const meta = headers.get(cacheHeaders.meta) ?? "";
      if (meta.length > 8_192) throw new InvalidValueError(`${cacheHeaders.meta} is longer than 8 KiB`);
      options.entries.put(scope, key, {
        createdMs,
        staleMs: revalidateS === undefined ? null : createdMs + revalidateS * 1_000,
        expiresMs: expireS === undefined ? null : createdMs + expireS * 1_000,
        tags: readTags(headers.get(cacheHeaders.tags)),
        meta,
        bytes: new Uint8Array(await request.arrayBuffer()),
      });
      return new Response(null, { status: 204 });
    }
    case "DELETE":
      options.entries.delete(scope, key);
      return new Response(null, { status: 204 });
    default:
      return new Response(null, { status: 405, headers: { allow: "GET, PUT, DELETE" } });
  }
}

async function invalidate(
  options: CacheServiceOptions,
  deployment: ServedDeployment,
  { tags, expireAfterS }: TagInvalidation,
): Promise<void> {
  if (!Array.isArray(tags) || !tags.every((tag) => typeof tag === "string" && tag.length <= tagLimit)) {
    throw new InvalidValueError(`\`tags\` must be strings of at most ${tagLimit} characters`);
  }
  if (expireAfterS != null && !(typeof expireAfterS === "number" && expireAfterS >= 0)) {
    throw new InvalidValueError("`expireAfterS` must be a number of seconds, or null");
  }
  const nowMs = Date.now();
  const mark =
    expireAfterS === undefined
      ? { expiredMs: nowMs }
      : expireAfterS === null
        ? { staleMs: nowMs }
        : { staleMs: nowMs, deadlineMs: Math.ceil(nowMs + expireAfterS * 1_000) };
  options.tags.mark(dataScope(deployment), tags, mark);
  // What is made in the same millisecond counts as older; after the answer, everything that is begun must count as newer.
  while (Date.now() <= nowMs) await Bun.sleep(1);
}

function readName(text: string, limit: number): string {
  let name: string;
  try {
    name = decodeURIComponent(text);
  } catch {
    throw new InvalidValueError(`${JSON.stringify(text.slice(0, 80))} is not percent-encoded UTF-8`);
  }
  if (name.length > limit)
    throw new InvalidValueError(`A cache key or tag is longer than ${limit} characters`);
  return name;
}

function readTags(text: string | null): string[] {
  if (text === null || text === "") return [];
  const tags = text.split(",");
  if (tags.length > tagsLimit) throw new InvalidValueError(`An entry has more than ${tagsLimit} tags`);
  return tags.map((tag) => readName(tag, tagLimit));
}

function readNumber(text: string | null): number | undefined {
  if (text === null) return undefined;
  const value = Number(text);
  if (!Number.isFinite(value) || value < 0) throw new InvalidValueError(`${JSON.stringify(text)} is no time`);
  return value;
}
