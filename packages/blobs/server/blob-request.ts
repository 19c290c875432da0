import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { blobsPath } from "@evenkeel/model";
import { BlobRequestError } from "../errors.ts";
import { type ChecksumAlgorithm, checksumAlgorithms, isSameText } from "../protocol/checksums.ts";
import { refusals } from "../protocol/refusals.ts";
import { sha256Hex } from "../signature/canonical-request.ts";
import { chunkedPayload } from "../signature/chunked-payload.ts";
import { type Verified, verifyRequest } from "../signature/verify-request.ts";

/** S3's own. */
const longestKeyBytes = 1_024;
const largestPut = 5 * 1024 ** 3;

/** One request to S3, its signature found right. */
export class BlobRequest {
  readonly method: string;
  /** Without prefix and bucket, decoded; `""` for the bucket itself. */
  readonly key: string;
  readonly bucket: string;
  readonly query: URLSearchParams;
  readonly headers: Record<string, string | undefined>;
  readonly verified: Verified;
  private readonly trailers = new Map<string, string>();

  /** @throws BlobRequestError */
  constructor(
    private readonly message: IncomingMessage,
    secretOf: (accessKeyId: string) => string | undefined,
  ) {
    const target = message.url ?? "/";
    const end = target.indexOf("?");
    const path = end < 0 ? target : target.slice(0, end);
    const query = end < 0 ? "" : target.slice(end + 1);
    this.method = message.method ?? "GET";
    this.headers = message.headers as Record<string, string | undefined>;
    this.query = new URLSearchParams(query);
    this.verified = verifyRequest({ method: this.method, path, query, headers: this.headers }, secretOf);
    const inside = path.startsWith(blobsPath) ? path.slice(blobsPath.length) : path;
    const [, bucket = "", key = ""] = /^\/([^/]*)\/?(.*)$/s.exec(inside) ?? [];
    this.bucket = decode(bucket);
    this.key = decode(key);
    if (Buffer.byteLength(this.key) > longestKeyBytes) {
      throw new BlobRequestError("KeyTooLongError", 400, `Your key is longer than ${longestKeyBytes} bytes`);
    }
    if (this.key.includes("\0")) throw refusals.invalidArgument("A key cannot hold NUL");
  }

  /** A query parameter, or a header of this name; presigned URLs carry either. */
  value(name: string): string | undefined {
    return this.headers[name] ?? parameterIgnoringCase(this.query, name);
  }

  /**
   * The algorithm of the checksum that comes with the body, if any. One in a presigned URL's query does not count, as in S3: SDKs put that of
   * an empty body there, since they sign before there is a body.
   */
  get checksumAlgorithm(): ChecksumAlgorithm | undefined {
    const announced = this.headers["x-amz-trailer"]?.toLowerCase().replace("x-amz-checksum-", "");
    return checksumAlgorithms.find(
      (algorithm) => announced === algorithm || this.headers[`x-amz-checksum-${algorithm}`] !== undefined,
    );
  }

  /** The content, without the framing of `aws-chunked`. Ends with an error where it is not what was signed. @throws BlobRequestError */
  async *body(): AsyncGenerator<Uint8Array> {
    const { payloadHash } = this.verified;
    const length = this.contentLength;
    if (length !== undefined && length > largestPut) {
      throw new BlobRequestError(
        "EntityTooLarge",
        400,
        `A part or object sent at once has ${largestPut} bytes at most.`,
      );
    }
    const source = this.source();
    const hash = /^[0-9a-f]{64}$/.test(payloadHash) ? createHash("sha256") : undefined;
    let size = 0;
    for await (const bytes of this.unframed(source)) {
      size += bytes.length;
      if (size > largestPut) throw new BlobRequestError("EntityTooLarge", 400, "The body is too large.");
      hash?.update(bytes);
      yield bytes;
    }
    if (length !== undefined && size !== length) throw refusals.incompleteBody();
    if (hash && !isSameText(hash.digest("hex"), payloadHash)) {
      throw new BlobRequestError(
        "XAmzContentSHA256Mismatch",
        400,
        "The provided 'x-amz-content-sha256' header does not match what was computed.",
      );
    }
  }

  /** @throws BlobRequestError where a digest that came with the body is another than the body's */
  checkDigests(etagHex: string, checksum: string | undefined): void {
    const md5 = this.headers["content-md5"];
    if (md5 !== undefined && !isSameText(md5, Buffer.from(etagHex, "hex").toString("base64"))) {
      throw refusals.badDigest("Content-MD5");
    }
    const algorithm = this.checksumAlgorithm;
    if (!algorithm) return;
    const name = `x-amz-checksum-${algorithm}`;
    const given = this.trailers.get(name) ?? this.headers[name];
    if (given === undefined || checksum === undefined || !isSameText(given, checksum)) {
      throw refusals.badDigest(algorithm.toUpperCase());
    }
  }

  /** A small document whole. */
  async text(limitBytes = 2 * 1024 * 1024): Promise<string> {
    const chunks: Uint8Array[] = [];
    let size = 0;
    for await (const bytes of this.body()) {
      size += bytes.length;
      if (size > limitBytes)
        throw new BlobRequestError("MaxMessageLengthExceeded", 400, "Your request was too large.");
      chunks.push(bytes);
    }
    return Buffer.concat(chunks).toString("utf8");
  }

  private get contentLength(): number | undefined {
    const decoded = this.headers["x-amz-decoded-content-length"];
    const given = decoded ?? this.headers["content-length"];
    return given === undefined ? undefined : Number(given);
  }

  private async *source(): AsyncGenerator<Uint8Array> {
    try {
      for await (const bytes of this.message) yield bytes as Uint8Array;
    } catch {
      throw refusals.incompleteBody();
    }
    if (!this.message.complete) throw refusals.incompleteBody();
  }

  private unframed(source: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
    const { payloadHash } = this.verified;
    const keep = (name: string, value: string) => void this.trailers.set(name, value);
    switch (payloadHash) {
      case "STREAMING-AWS4-HMAC-SHA256-PAYLOAD":
        return chunkedPayload(source, { signed: true, trailers: false, verified: this.verified }, keep);
      case "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER":
        return chunkedPayload(source, { signed: true, trailers: true, verified: this.verified }, keep);
      case "STREAMING-UNSIGNED-PAYLOAD-TRAILER":
        return chunkedPayload(source, { signed: false, trailers: true, verified: this.verified }, keep);
      case "UNSIGNED-PAYLOAD":
        return source;
      default:
        if (/^[0-9a-f]{64}$/.test(payloadHash)) return source;
        throw refusals.invalidArgument(
          `x-amz-content-sha256 must be UNSIGNED-PAYLOAD, a STREAMING- value or a SHA-256 in hex such as ${sha256Hex("")}`,
        );
    }
  }
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new BlobRequestError("InvalidURI", 400, "The path is not UTF-8 with percent-encoding.");
  }
}

function parameterIgnoringCase(query: URLSearchParams, name: string): string | undefined {
  for (const [given, value] of query) if (given.toLowerCase() === name) return value;
  return undefined;
}
