import type { DeploymentId, ServedDeployment } from "@evenkeel/model";
import type { AnswerCache } from "../cache/answer-cache.ts";
import { browserCacheControl, consumedHeaders, readCachePolicy } from "../cache/cache-control.ts";
import { dataScope } from "../cache/cache-scope.ts";
import { CachedAnswer } from "../cache/cached-answer.ts";
import { acceptedCodings } from "../cache/content-coding.ts";
import type { TagLedger } from "../cache/tag-ledger.ts";
import type { Exchange } from "../http/exchange.ts";
import { headerIn } from "../prerender/page-identity.ts";
import type { Pairs } from "../routing/resolution.ts";
import type { BodyTap } from "../upstream/forward-options.ts";

/** https://vercel.com/docs/caching/cdn-cache#cacheable-response-criteria */
const cacheableStatuses = new Set([200, 301, 302, 307, 308, 404, 410]);
const largestBytes = 10 * 1024 * 1024;
/** URLs per deployment of which it is known what their answers vary by. */
const urlLimit = 10_000;

/** One URL of one deployment at one host. */
export interface ResponseKey {
  deployment: ServedDeployment;
  url: string;
}

export interface FoundResponse {
  answer: CachedAnswer;
  stale: boolean;
}

/**
 * Answers of functions that ask to be kept (`s-maxage`, `CDN-Cache-Control`, `Vercel-CDN-Cache-Control`): in this process's memory, for public GETs,
 * apart by what `Vary` names.
 */
export class ResponseCache {
  /** What answers of a URL vary by; only URLs with a kept answer are here. */
  private readonly urls = new Map<DeploymentId, Map<string, readonly string[]>>();

  constructor(
    private readonly answers: AnswerCache,
    private readonly tags: TagLedger,
  ) {}

  /** Undefined where the request must not be answered from a cache. */
  keyOf(exchange: Exchange, deployment: ServedDeployment, target: string): ResponseKey | undefined {
    if (exchange.method !== "GET" && exchange.method !== "HEAD") return undefined;
    if (exchange.upgrade !== "" || exchange.header("authorization") !== undefined) return undefined;
    if (exchange.header("range") !== undefined) return undefined;
    return { deployment, url: `${exchange.hostPort}\n${target}` };
  }

  /** Whether anything of the deployment is kept: for most there is nothing, and no key need be made. */
  holds(deployment: DeploymentId): boolean {
    return this.urls.has(deployment);
  }

  find(key: ResponseKey, header: (name: string) => string | undefined): FoundResponse | undefined {
    const vary = this.urls.get(key.deployment.id)?.get(key.url);
    if (!vary) return undefined;
    const answer = this.answers.get(memoryKey(key, vary, header));
    if (!answer) return undefined;
    const nowMs = Date.now();
    this.tags.refresh();
    if (answer.judgedVersion !== this.tags.version) {
      const { tags, createdMs } = answer.content;
      const verdict = this.tags.judge(dataScope(key.deployment), tags, createdMs);
      answer.staleByTag = verdict.stale;
      answer.expiresByTagMs = verdict.expiresAtMs;
      answer.judgedVersion = this.tags.version;
    }
    if (nowMs >= answer.content.expiresMs || nowMs >= answer.expiresByTagMs) return undefined;
    return { answer, stale: answer.staleByTag || nowMs >= answer.content.staleMs };
  }

  /** Whether an answer may be kept. @param header of the answer. */
  isCacheable(status: number, header: (name: string) => string | undefined): boolean {
    const policy = readCachePolicy(header);
    return (
      policy.freshS !== undefined &&
      policy.freshS > 0 &&
      !policy.forbidden &&
      cacheableStatuses.has(status) &&
      header("set-cookie") === undefined &&
      header("vary")?.trim() !== "*"
    );
  }

  /**
   * Keeps an answer that `isCacheable`.
   *
   * @param headers as the function gave them.
   * @param request header of the request that led to it.
   */
  keep(
    key: ResponseKey,
    status: number,
    headers: Pairs,
    body: Buffer,
    createdMs: number,
    request: (name: string) => string | undefined,
  ): void {
    const header = headerIn(headers);
    const { freshS = 0, staleS } = readCachePolicy(header);
    const vary = (header("vary") ?? "")
      .toLowerCase()
      .split(",")
      .map((name) => name.trim())
      .filter((name) => name !== "");
    const answer = new CachedAnswer({
      status,
      headers: [
        ...headers.filter(([name]) => !unkeptHeaders.has(name)),
        ["cache-control", browserCacheControl(header("cache-control"))],
      ],
      body,
      createdMs,
      staleMs: createdMs + freshS * 1_000,
      expiresMs: createdMs + (freshS + staleS) * 1_000,
      tags: (header("vercel-cache-tag") ?? "")
        .split(",")
        .map((tag) => tag.trim())
        .filter((tag) => tag !== ""),
    });
    let urls = this.urls.get(key.deployment.id);
    if (!urls) {
      urls = new Map();
      this.urls.set(key.deployment.id, urls);
    }
    if (urls.size >= urlLimit) urls.clear();
    urls.set(key.url, vary);
    this.answers.set(memoryKey(key, vary, request), answer);
  }

  /** Collects a body on its way to the client; gives it whole, or not at all. */
  tap(onBody: (body: Buffer) => void): BodyTap {
    let chunks: Uint8Array[] | undefined = [];
    let bytes = 0;
    return {
      onChunk(chunk) {
        bytes += chunk.length;
        if (bytes > largestBytes) chunks = undefined;
        // Copied: a piece of a socket's read would keep the whole read in memory.
        chunks?.push(Uint8Array.from(chunk));
      },
      onEnd(complete) {
        if (complete && chunks) onBody(Buffer.concat(chunks));
      },
    };
  }

  retain(deployments: ReadonlySet<DeploymentId>): void {
    for (const id of this.urls.keys()) {
      if (deployments.has(id)) continue;
      this.urls.delete(id);
      this.answers.deletePrefix(`${id}\r`);
    }
  }
}

const unkeptHeaders = new Set([
  ...consumedHeaders,
  "age",
  "cache-control",
  "connection",
  "content-length",
  "date",
  "server",
  "x-vercel-cache",
  "x-vercel-id",
]);

function memoryKey(
  { deployment, url }: ResponseKey,
  vary: readonly string[],
  header: (name: string) => string | undefined,
): string {
  let key = `${deployment.id}\r${url}`;
  for (const name of vary) {
    // Browsers differ in how they say it, not in what they take.
    const value = name === "accept-encoding" ? acceptedCodings(header(name)).join() : header(name);
    key += `\n${name}:${value ?? ""}`;
  }
  return key;
}
