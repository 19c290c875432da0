import { readFile } from "node:fs/promises";
import { artifactFilePath, type ContentCoding, type HomeLayout, type StaticFile } from "@evenkeel/model";
import { CachedAnswer } from "../cache/cached-answer.ts";
import type { Exchange } from "../http/exchange.ts";
import { bypassReason } from "../prerender/bypass.ts";
import type { PageCache } from "../prerender/page-cache.ts";
import { fallbackContent } from "../prerender/page-content.ts";
import { identifyPage, type PageIdentity, variesByHeaders } from "../prerender/page-identity.ts";
import type { PageRenderer, PageRequest, Rendering } from "../prerender/page-renderer.ts";
import { retryAfterMs } from "../prerender/page-renderer.ts";
import type { PrerenderResolution } from "../routing/resolution.ts";
import { sendCached } from "./cached-sender.ts";
import type { FunctionFailure } from "./function-failure.ts";
import { type ResumePage, sendPartialPage } from "./partial-page.ts";
import { effectiveHeader, originationOf } from "./request-headers.ts";
import { type CacheStatus, type RequestState, traceCall } from "./request-state.ts";

export interface PageAnswersOptions {
  layout: HomeLayout;
  pages: PageCache;
  renderer: PageRenderer;
  /** Passes the request to the function itself, uncached. */
  onFunction(
    exchange: Exchange,
    state: RequestState,
    resolution: PrerenderResolution,
    cache: CacheStatus,
  ): void;
  onFailure(exchange: Exchange, state: RequestState, failure: FunctionFailure): void;
  resume: ResumePage;
}

/** Answers requests for prerendered pages: from memory, from disk, as the build made them, or by rendering. */
export class PageAnswers {
  /** Requests that take the same way through the routes without a query share one resolution. */
  private readonly identities = new WeakMap<PrerenderResolution, PageIdentity>();
  private readonly fallbacks = new Map<string, Promise<CachedAnswer>>();

  constructor(private readonly options: PageAnswersOptions) {}

  answer(exchange: Exchange, state: RequestState, resolution: PrerenderResolution): void | Promise<void> {
    const reason = bypassReason(exchange, resolution.prerender);
    if (reason === "bypass" && resolution.function !== undefined) {
      this.options.onFunction(exchange, state, resolution, "BYPASS");
      return;
    }
    const page = this.identify(exchange, resolution);
    if (reason === "revalidate") return this.revalidateOnDemand(exchange, state, resolution, page);
    const known = this.options.pages.find(state.deployment, page);
    if (known) return this.answerWith(known, exchange, state, resolution, page);
    const { fallback } = resolution.prerender;
    if (fallback === undefined) return this.renderFirst(exchange, state, resolution, page, undefined);
    return this.loadFallback(state, resolution, page, fallback).then((answer) =>
      this.answerWith(answer, exchange, state, resolution, page),
    );
  }

  private answerWith(
    known: CachedAnswer,
    exchange: Exchange,
    state: RequestState,
    resolution: PrerenderResolution,
    page: PageIdentity,
  ): void | Promise<void> {
    const { pages, renderer } = this.options;
    const { deployment, served } = state;
    let answer = known;
    let freshness = pages.freshness(deployment, page, answer, Date.now());
    if (freshness !== "fresh") {
      const newer = pages.adopt(deployment, page, answer);
      if (newer) {
        answer = newer;
        freshness = pages.freshness(deployment, page, answer, Date.now());
      }
    }
    const canRender = resolution.function !== undefined;
    if (freshness === "expired" && canRender && Date.now() >= answer.nextAttemptMs) {
      return this.renderFirst(exchange, state, resolution, page, answer);
    }
    served.measure.prerenderHits++;
    const isBuilt = answer.content.createdMs === deployment.createdAtMs && !answer.given;
    this.send(
      exchange,
      state,
      resolution,
      answer,
      isBuilt ? "PRERENDER" : freshness === "fresh" ? "HIT" : "STALE",
    );
    if (freshness === "stale" && canRender) {
      renderer.revalidate(this.pageRequest(exchange, state, resolution, page), answer);
    }
  }

  /** The client waits for the page. */
  private async renderFirst(
    exchange: Exchange,
    state: RequestState,
    resolution: PrerenderResolution,
    page: PageIdentity,
    before: CachedAnswer | undefined,
  ): Promise<void> {
    state.served.measure.prerenderMisses++;
    const traced = traceCall(exchange, state, resolution.function ?? resolution.matchedPath);
    traced.sentMs = traced.beganMs;
    const rendering = await this.options.renderer.render(
      this.pageRequest(exchange, state, resolution, page, traced.traceparent),
      before,
    );
    traced.headMs = traced.endMs = performance.now();
    if (rendering.kind === "failed") traced.failure = rendering.failure.message;
    if (rendering.kind === "page") this.send(exchange, state, resolution, rendering.answer, "MISS");
    else if (rendering.kind === "failed" && before) {
      before.nextAttemptMs = Date.now() + retryAfterMs;
      this.send(exchange, state, resolution, before, "STALE");
    } else this.answerWithoutPage(exchange, state, resolution, rendering);
  }

  /** The app asks for the page to be made anew (`x-prerender-revalidate`). */
  private async revalidateOnDemand(
    exchange: Exchange,
    state: RequestState,
    resolution: PrerenderResolution,
    page: PageIdentity,
  ): Promise<void> {
    const before = this.options.pages.find(state.deployment, page);
    const onlyGenerated = exchange.header("x-prerender-revalidate-if-generated") !== undefined;
    if (onlyGenerated && !before && resolution.prerender.fallback === undefined) {
      exchange.respond(404, [
        ["x-vercel-cache", "REVALIDATED"],
        ["x-vercel-id", state.requestId],
        ...state.served.ownHeaders,
      ]);
      return;
    }
    const request = { ...this.pageRequest(exchange, state, resolution, page), onDemand: true };
    const rendering = await this.options.renderer.render(request, before);
    if (rendering.kind === "page") this.send(exchange, state, resolution, rendering.answer, "REVALIDATED");
    else this.answerWithoutPage(exchange, state, resolution, rendering);
  }

  private answerWithoutPage(
    exchange: Exchange,
    state: RequestState,
    resolution: PrerenderResolution,
    rendering: Exclude<Rendering, { kind: "page" }>,
  ): void {
    if (rendering.kind === "failed" && !(rendering.answer && resolution.prerender.exposeErrBody)) {
      this.options.onFailure(exchange, state, rendering.failure);
      return;
    }
    const { status, headers, body } = rendering.answer!;
    const own = new CachedAnswer({
      status,
      headers: headers.filter(([name]) => !unsharedHeaders.has(name)),
      body,
      createdMs: Date.now(),
      staleMs: 0,
      expiresMs: 0,
      tags: [],
    });
    sendCached(exchange, state, resolution, own, "MISS", true);
  }

  private send(
    exchange: Exchange,
    state: RequestState,
    resolution: PrerenderResolution,
    answer: CachedAnswer,
    cache: CacheStatus,
  ): void {
    if (answer.content.postponed && resolution.prerender.chain && exchange.method !== "HEAD") {
      answer.given = true;
      void sendPartialPage({ exchange, state, resolution, answer, cache, resume: this.options.resume });
    } else sendCached(exchange, state, resolution, answer, cache, false);
  }

  private identify(exchange: Exchange, resolution: PrerenderResolution): PageIdentity {
    const known = this.identities.get(resolution);
    if (known) return known;
    const page = identifyPage(resolution, (name) => effectiveHeader(exchange, resolution, name));
    if (!variesByHeaders(resolution.prerender)) this.identities.set(resolution, page);
    return page;
  }

  private pageRequest(
    exchange: Exchange,
    state: RequestState,
    resolution: PrerenderResolution,
    page: PageIdentity,
    traceparent?: string,
  ): PageRequest {
    const { deployment, loaded, requestId } = state;
    const origination = originationOf(exchange, requestId, traceparent);
    return { deployment, loaded, resolution, page, origination };
  }

  /** Reads what the build made, once however many ask; another edge may have rendered something newer meanwhile. */
  private loadFallback(
    { deployment }: RequestState,
    { prerender }: PrerenderResolution,
    page: PageIdentity,
    file: StaticFile,
  ): Promise<CachedAnswer> {
    const key = `${deployment.id}\n${page.key}`;
    let loading = this.fallbacks.get(key);
    if (!loading) {
      loading = this.read(file).then((bytes) => {
        const content = fallbackContent(prerender, bytes, page, deployment);
        const whole = content.postponed === undefined;
        const answer = new CachedAnswer(content, (coding) => {
          const stored = whole ? file.encodings?.[coding as ContentCoding] : undefined;
          return stored && this.read(stored);
        });
        this.options.pages.remember(deployment, page, answer);
        return answer;
      });
      loading = loading.finally(() => this.fallbacks.delete(key));
      this.fallbacks.set(key, loading);
    }
    return loading;
  }

  private read({ hash }: { hash: string }): Promise<Buffer> {
    return readFile(artifactFilePath(this.options.layout, hash));
  }
}

/** What the edge says itself in each answer. */
const unsharedHeaders = new Set([
  "age",
  "connection",
  "content-length",
  "date",
  "server",
  "x-vercel-cache",
  "x-vercel-id",
]);
