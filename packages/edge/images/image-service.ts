import { createHash } from "node:crypto";
import type { ImagesConfig } from "@evenkeel/model";
import { fetchFromAddress } from "./address-fetch.ts";
import { type CachedImage, ImageCache } from "./image-cache.ts";
import { type ImageRequest, parseImageRequest } from "./image-request.ts";
import {
  type FetchLocal,
  type FetchRemote,
  fetchLocalImage,
  fetchRemoteImage,
  publicAddressesOnly,
  type RemoteGuard,
} from "./image-sources.ts";
import { optimise } from "./optimise.ts";
import { WorkQueue } from "./work-queue.ts";

export interface ImageServiceOptions {
  /** `<home>/cache/images`. */
  cacheFolder: string;
  /** Default 1 GiB. */
  cacheBytes?: number;
  /** Images worked on at once; default 2. */
  concurrency?: number;
  /** Images that may wait for that; more get 503. Default 128. */
  waitingLimit?: number;
  /** Default `fetchFromAddress`. */
  fetchRemote?: FetchRemote;
  /** Which hosts may be fetched from; default public addresses only. */
  guard?: RemoteGuard;
  /** Milliseconds since 1970; default `Date.now`. */
  nowMs?: () => number;
}

/** One request for an image, as the output's routes gave it. */
export interface ImageQuery {
  /** Raw, without `?`. */
  query: string;
  accept: string | undefined;
  config: ImagesConfig;
  /** Separates what may differ between apps and deployments: the output's id. */
  scope: string;
  fetchLocal: FetchLocal;
}

export interface FoundImage {
  image: CachedImage;
  /** For `x-vercel-cache`. */
  cache: "HIT" | "MISS" | "STALE";
}

/** Vercel's default for `minimumCacheTTL`, in seconds. */
const defaultCacheTtlS = 60;
/** After a failed renewal the stale image is kept for this long before the next attempt. */
const retryAfterMs = 30_000;
/** Written into every key: a change of how images are made makes the old ones unreachable. */
const cacheVersion = 1;

/** Optimises images on demand and keeps them. One edge works on an image once, however many ask for it. */
export class ImageService {
  private readonly cache: ImageCache;
  private readonly queue: WorkQueue;
  private readonly guard: RemoteGuard;
  private readonly fetchRemote: FetchRemote;
  private readonly nowMs: () => number;
  private readonly underWay = new Map<string, Promise<CachedImage>>();
  private readonly retryAt = new Map<string, number>();

  constructor(options: ImageServiceOptions) {
    this.nowMs = options.nowMs ?? Date.now;
    this.cache = new ImageCache(options.cacheFolder, options.cacheBytes, this.nowMs);
    this.queue = new WorkQueue(options.concurrency ?? 2, options.waitingLimit ?? 128);
    this.fetchRemote = options.fetchRemote ?? fetchFromAddress;
    this.guard = options.guard ?? publicAddressesOnly;
  }

  /**
   * The image for a query: from the cache, from there although stale (and then made anew behind the request), or made now.
   *
   * @throws {ImageRequestError} for queries that the configuration does not allow and sources that give no image.
   */
  async find({ query, accept, config, scope, fetchLocal }: ImageQuery): Promise<FoundImage> {
    const request = parseImageRequest(query, accept, config);
    const key = cacheKey(scope, request, config);
    const make = () => this.makeOnce(key, request, config, fetchLocal);
    const cached = await this.cache.read(key);
    if (!cached) return { image: await make(), cache: "MISS" };
    if (this.nowMs() < cached.freshUntilMs) return { image: cached, cache: "HIT" };
    this.renew(key, make);
    return { image: cached, cache: "STALE" };
  }

  /** Behind a request that was answered already: a failure keeps the old image, and is tried again a little later. */
  private renew(key: string, make: () => Promise<CachedImage>): void {
    if (this.underWay.has(key) || this.nowMs() < (this.retryAt.get(key) ?? 0)) return;
    make().then(
      () => this.retryAt.delete(key),
      () => {
        if (this.retryAt.size >= 10_000) this.retryAt.clear();
        this.retryAt.set(key, this.nowMs() + retryAfterMs);
      },
    );
  }

  private makeOnce(
    key: string,
    request: ImageRequest,
    config: ImagesConfig,
    fetchLocal: FetchLocal,
  ): Promise<CachedImage> {
    let making = this.underWay.get(key);
    if (!making) {
      making = this.queue
        .run(() => this.make(key, request, config, fetchLocal))
        .finally(() => this.underWay.delete(key));
      this.underWay.set(key, making);
    }
    return making;
  }

  private async make(
    key: string,
    request: ImageRequest,
    config: ImagesConfig,
    fetchLocal: FetchLocal,
  ): Promise<CachedImage> {
    const { source, width, quality, type } = request;
    const answer =
      "local" in source
        ? await fetchLocalImage(source.local, fetchLocal)
        : await fetchRemoteImage(source.remote, this.fetchRemote, this.guard);
    const allowSvg = config.dangerouslyAllowSVG === true;
    const made = await optimise(answer.body, { width, quality, type, allowSvg });
    const ttlS = Math.max(
      config.minimumCacheTTL ?? defaultCacheTtlS,
      maxAgeS(answer.header("cache-control")),
    );
    const image: CachedImage = {
      type: made.type,
      bytes: made.bytes,
      etag: `"${createHash("sha256").update(made.bytes).digest("hex").slice(0, 32)}"`,
      name: baseName("local" in source ? source.local.split("?")[0]! : source.remote.pathname),
      freshUntilMs: this.nowMs() + ttlS * 1_000,
    };
    await this.cache.write(key, image);
    return image;
  }
}

function cacheKey(
  scope: string,
  { source, width, quality, type }: ImageRequest,
  config: ImagesConfig,
): string {
  const location = "local" in source ? source.local : source.remote.href;
  const parts = [
    cacheVersion,
    scope,
    location,
    width,
    quality,
    type ?? "",
    config.dangerouslyAllowSVG === true,
  ];
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex");
}

/** How long the source itself says it may be kept; caches of ours are shared ones. */
function maxAgeS(cacheControl: string | undefined): number {
  const directives = new Map(
    (cacheControl ?? "").split(",").map((directive): [string, string] => {
      const [name, value = ""] = directive.trim().toLowerCase().split("=");
      return [name!, value.replace(/^"|"$/g, "")];
    }),
  );
  const seconds = Number.parseInt(directives.get("s-maxage") ?? directives.get("max-age") ?? "", 10);
  return Number.isNaN(seconds) ? 0 : seconds;
}

function baseName(path: string): string {
  const name = path.slice(path.lastIndexOf("/") + 1);
  const dot = name.lastIndexOf(".");
  return dot > 0 ? name.slice(0, dot) : name;
}
