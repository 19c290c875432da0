import { createHash } from "node:crypto";
import type { HeaderPairs } from "../http/exchange.ts";
import type { PreparedResponse } from "../http/prepared-response.ts";
import type { AnswerHeaders } from "../routing/resolution.ts";
import { type AnswerCoding, compress, isCompressible } from "./content-coding.ts";

/** A whole answer that may be given many times. */
export interface AnswerContent {
  status: number;
  /** For the client, names in lower case; no `content-length`, `date`, `age` or hop-by-hop line. */
  headers: HeaderPairs;
  body: Buffer;
  /** Epoch milliseconds at which it began to be made. */
  createdMs: number;
  /** Epoch milliseconds; `Infinity`: never by time. */
  staleMs: number;
  expiresMs: number;
  /** The app's tags. */
  tags: readonly string[];
  /** Next.js's state for the dynamic rest: `body` is a shell then. */
  postponed?: Buffer;
}

/** What an answer carries beside its content: the same content may be decorated in a few ways. */
export interface Decoration {
  /** On every answer of the site. */
  ownHeaders: HeaderPairs;
  routeHeaders: AnswerHeaders;
  matchedPath: string;
  status: number;
  coding: AnswerCoding | undefined;
}

interface Prepared {
  decoration: Decoration;
  response: PreparedResponse;
}

/** Fewer bytes gain nothing over one packet. */
const smallestCompressedBytes = 1_024;
/** Serialisations per answer: codings × the few ways in which routes decorate it. */
const preparedLimit = 8;

/** One answer in the memory of this process: its bytes, its codings and its serialised forms. */
export class CachedAnswer {
  readonly etag: string;
  readonly compressible: boolean;
  /** Used since the cache last looked; see `AnswerCache`. */
  used = false;
  /** It has been given at least once. */
  given = false;
  /** `TagLedger.version` for which the two below hold. */
  judgedVersion = 0;
  staleByTag = false;
  expiresByTagMs = Number.POSITIVE_INFINITY;
  /** Epoch milliseconds before which nobody here tries to make it anew. */
  nextAttemptMs = 0;

  private readonly prepared: Prepared[] = [];
  private readonly coded = new Map<AnswerCoding, Buffer | "being made" | "no gain">();

  constructor(
    readonly content: AnswerContent,
    /** Where the bytes in a coding are known already: `encodings` of a static file. */
    private readonly stored?: (coding: AnswerCoding) => Promise<Buffer> | undefined,
  ) {
    const given = headerValue(content.headers, "etag");
    this.etag = given ?? `"${createHash("sha1").update(content.body).digest("base64url")}"`;
    this.compressible =
      content.body.length >= smallestCompressedBytes &&
      headerValue(content.headers, "content-encoding") === undefined &&
      isCompressible(headerValue(content.headers, "content-type") ?? "");
  }

  /** Bytes of memory, roughly, as they are now. */
  get sizeBytes(): number {
    let size = this.content.body.length + (this.content.postponed?.length ?? 0) + 1_024;
    for (const bytes of this.coded.values()) if (typeof bytes !== "string") size += bytes.length;
    for (const { response } of this.prepared) size += response.bytes.length;
    return size;
  }

  /**
   * The best coding of `accepted` that is there already. One that is not is made on another thread for those who ask later, so that no
   * request waits for a compressor.
   */
  coding(accepted: readonly AnswerCoding[]): AnswerCoding | undefined {
    if (!this.compressible) return undefined;
    for (const coding of accepted) {
      const bytes = this.coded.get(coding);
      if (bytes === undefined) void this.make(coding);
      else if (typeof bytes !== "string") return coding;
    }
    return undefined;
  }

  body(coding: AnswerCoding | undefined): Buffer {
    const bytes = coding === undefined ? undefined : this.coded.get(coding);
    return bytes === undefined || typeof bytes === "string" ? this.content.body : bytes;
  }

  findPrepared(decoration: Decoration): PreparedResponse | undefined {
    for (const entry of this.prepared)
      if (sameDecoration(entry.decoration, decoration)) return entry.response;
    return undefined;
  }

  keepPrepared(decoration: Decoration, response: PreparedResponse): void {
    if (this.prepared.length >= preparedLimit) this.prepared.shift();
    this.prepared.push({ decoration, response });
  }

  private async make(coding: AnswerCoding): Promise<void> {
    this.coded.set(coding, "being made");
    try {
      const bytes = (await this.stored?.(coding)) ?? (await compress(this.content.body, coding));
      this.coded.set(coding, bytes.length < this.content.body.length * 0.95 ? bytes : "no gain");
    } catch (error) {
      this.coded.set(coding, "no gain");
      console.error(`edge: a cached answer cannot be compressed with ${coding}: ${error}`);
    }
  }
}

const headerValue = (headers: HeaderPairs, name: string): string | undefined =>
  headers.find(([other]) => other === name)?.[1];

function sameDecoration(one: Decoration, other: Decoration): boolean {
  return (
    one.coding === other.coding &&
    one.status === other.status &&
    one.matchedPath === other.matchedPath &&
    samePairs(one.ownHeaders, other.ownHeaders) &&
    sameRouteHeaders(one.routeHeaders, other.routeHeaders)
  );
}

function sameRouteHeaders(one: AnswerHeaders, other: AnswerHeaders): boolean {
  return (
    samePairs(one.headers, other.headers) &&
    samePairs(one.importantHeaders, other.importantHeaders) &&
    samePairs(one.appendedHeaders, other.appendedHeaders) &&
    one.headerTests === other.headerTests &&
    (one.deletedHeaders === other.deletedHeaders || one.deletedHeaders.join() === other.deletedHeaders.join())
  );
}

/** Requests that take the same way through the routes share one list, so mostly the first comparison settles it. */
function samePairs(one: HeaderPairs, other: HeaderPairs): boolean {
  if (one === other) return true;
  if (one.length !== other.length) return false;
  for (let index = 0; index < one.length; index++) {
    if (one[index]![0] !== other[index]![0] || one[index]![1] !== other[index]![1]) return false;
  }
  return true;
}
