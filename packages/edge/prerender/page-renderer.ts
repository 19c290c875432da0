import type { FunctionId, ServedDeployment } from "@evenkeel/model";
import type { CachedAnswer } from "../cache/cached-answer.ts";
import type { HostLink } from "../link/host-link.ts";
import type { PrerenderResolution } from "../routing/resolution.ts";
import type { FunctionFailure } from "../serve/function-failure.ts";
import { type FunctionAnswer, fetchFunction } from "../serve/function-fetch.ts";
import { type Origination, renderHeaders } from "../serve/request-headers.ts";
import type { LoadedOutput } from "../state/output-catalog.ts";
import type { UpstreamAnswer } from "../upstream/forward-options.ts";
import type { PageCache } from "./page-cache.ts";
import { readPageAnswer } from "./page-content.ts";
import type { PageIdentity } from "./page-identity.ts";

/** One page to be made. */
export interface PageRequest {
  deployment: ServedDeployment;
  loaded: LoadedOutput;
  resolution: PrerenderResolution;
  page: PageIdentity;
  origination: Origination;
  /** The app asked for it: its token is passed on, so that the framework skips its own caches. */
  onDemand?: boolean;
}

export type Rendering =
  | { kind: "page"; answer: CachedAnswer }
  /** For the client who asked, and nobody else. */
  | { kind: "personal"; answer: UpstreamAnswer }
  | { kind: "failed"; failure: FunctionFailure; answer?: UpstreamAnswer };

/** After a page could not be made anew, the old one is given for this long before the next attempt, as on Vercel. */
export const retryAfterMs = 30_000;

/** Larger pages are refused, as Vercel refuses larger answers of functions. */
const pageLimitBytes = 32 * 1024 * 1024;

/** Lets functions render pages: the same page once at a time in this process, and behind a stale one once on this machine. */
export class PageRenderer {
  private readonly rendering = new Map<string, Promise<Rendering>>();

  constructor(
    private readonly link: HostLink,
    private readonly pages: PageCache,
  ) {}

  /** Renders a page that has to be there before the client is answered. Those who ask meanwhile get the same page. */
  async render(request: PageRequest, before: CachedAnswer | undefined): Promise<Rendering> {
    const key = `${request.deployment.id}\n${request.page.key}`;
    const running = request.onDemand ? undefined : this.rendering.get(key);
    if (running) {
      const result = await running;
      if (result.kind === "failed" || (result.kind === "page" && !this.isExpired(request, result.answer))) {
        return result;
      }
      // Its answer was for another client, or was begun before a tag of it expired and is too old already.
    }
    const started = this.renderOnce(request, before).finally(() => {
      if (this.rendering.get(key) === started) this.rendering.delete(key);
    });
    this.rendering.set(key, started);
    return await started;
  }

  private isExpired({ deployment, page }: PageRequest, answer: CachedAnswer): boolean {
    return this.pages.freshness(deployment, page, answer, Date.now()) === "expired";
  }

  /** Makes a stale page anew behind the answer that was given with it, if nobody else does. */
  revalidate(request: PageRequest, stale: CachedAnswer): void {
    const { deployment, page, resolution, loaded } = request;
    if (Date.now() < stale.nextAttemptMs) return;
    if (this.pages.adopt(deployment, page, stale)) return;
    const limitMs = maxDurationS(loaded, resolution.function) * 1_000 + retryAfterMs;
    if (!this.pages.beginRevalidation(deployment, page, stale, limitMs)) return;
    void this.render(request, stale).then(
      (rendering) => {
        const failed = rendering.kind !== "page";
        if (failed) stale.nextAttemptMs = Date.now() + retryAfterMs;
        this.pages.finishRevalidation(deployment, page, failed ? retryAfterMs : 0);
      },
      (error) => {
        console.error(`edge: a page of ${deployment.id} could not be made anew: ${error}`);
        this.pages.finishRevalidation(deployment, page, retryAfterMs);
      },
    );
  }

  private async renderOnce(request: PageRequest, known: CachedAnswer | undefined): Promise<Rendering> {
    const { deployment, resolution, loaded, page, onDemand } = request;
    const { prerender } = resolution;
    const before = known ?? (onDemand ? this.pages.find(deployment, page) : undefined);
    // Newer than what it replaces, also within one millisecond: other edges tell them apart by it.
    const createdMs = Math.max(Date.now(), (before?.content.createdMs ?? 0) + 1);
    const result = await this.callFunction(request);
    if (result.kind === "failure") return { kind: "failed", failure: result.failure };
    const { answer } = result;
    const read = readPageAnswer(answer, prerender, createdMs);
    if (read.kind === "personal") return { kind: "personal", answer };
    if (read.kind === "failed") {
      const failure = {
        status: answer.status,
        code: "FUNCTION_INVOCATION_FAILED",
        message: "This page could not be rendered.",
      };
      return { kind: "failed", failure, answer };
    }
    const stored = this.pages.store(deployment, page, read.content);
    if (prerender.group !== undefined && loaded.sharedGroups.has(prerender.group)) {
      this.pages.spreadToGroup(deployment, page, before, createdMs);
    }
    if (onDemand) this.pages.expireElsewhere(deployment, page, createdMs);
    return { kind: "page", answer: stored };
  }

  private async callFunction({
    deployment,
    loaded,
    resolution,
    page,
    origination,
    onDemand,
  }: PageRequest): Promise<FunctionAnswer> {
    const fn = resolution.function;
    if (fn === undefined) {
      const message = "The build output holds no function that renders this page.";
      return { kind: "failure", failure: { status: 500, code: "FUNCTION_NOT_FOUND", message } };
    }
    const durationS = maxDurationS(loaded, fn);
    return await fetchFunction(this.link, {
      deployment,
      function: fn,
      maxDurationS: durationS,
      method: "GET",
      target: page.target,
      headers: [
        ...renderHeaders(origination, deployment, {
          matchedPath: resolution.matchedPath,
          maxDurationS: durationS,
        }),
        ...page.headers,
        ...(page.routeMatches === "" ? [] : [["x-now-route-matches", page.routeMatches] as const]),
        ...(onDemand ? [["x-prerender-revalidate", resolution.prerender.bypassToken ?? ""] as const] : []),
      ],
      limitBytes: pageLimitBytes,
    });
  }
}

/** Seconds that a function may take; the importer has filled in the default. */
export const maxDurationS = (loaded: LoadedOutput, fn: FunctionId | undefined): number =>
  (fn === undefined ? undefined : loaded.output.functionsById[fn]?.maxDurationS) ?? 300;
