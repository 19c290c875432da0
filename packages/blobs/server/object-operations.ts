import { BlobRequestError } from "../errors.ts";
import { refusals } from "../protocol/refusals.ts";
import { toXml } from "../protocol/xml.ts";
import type { Bucket, Condition } from "../store/bucket.ts";
import type { ObjectVersion } from "../store/object-database.ts";
import type { BlobAnswer } from "./blob-answer.ts";
import type { BlobRequest } from "./blob-request.ts";

/** Of a PUT; they come back with each GET. */
const keptHeaders = [
  "content-type",
  "content-encoding",
  "content-language",
  "content-disposition",
  "cache-control",
  "expires",
];
/** All `x-amz-meta-…` of one object together, as S3 limits them. */
const mostMetadataBytes = 2_048;

/** The header lines of a request that belong to the object. @throws BlobRequestError */
export function objectHeaders(request: BlobRequest): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const name of keptHeaders) {
    const value = request.value(name);
    // `aws-chunked` is how the body was sent, and not what it is.
    const own = name === "content-encoding" ? value?.replace(/\s*aws-chunked\s*,?\s*/, "") : value;
    if (own) headers[name] = own;
  }
  let bytes = 0;
  const names = new Set([
    ...Object.keys(request.headers),
    ...[...request.query.keys()].map((name) => name.toLowerCase()),
  ]);
  for (const name of names) {
    if (!name.startsWith("x-amz-meta-")) continue;
    const value = request.value(name) ?? "";
    bytes += name.length - "x-amz-meta-".length + value.length;
    headers[name] = value;
  }
  if (bytes > mostMetadataBytes) {
    throw new BlobRequestError(
      "MetadataTooLarge",
      400,
      `Your metadata headers exceed ${mostMetadataBytes} bytes`,
    );
  }
  headers["content-type"] ??= "binary/octet-stream";
  return headers;
}

export const conditionOf = (request: BlobRequest): Condition => ({
  ifMatch: request.headers["if-match"],
  ifNoneMatch: request.headers["if-none-match"],
});

export async function putObject(bucket: Bucket, request: BlobRequest): Promise<BlobAnswer> {
  const headers = objectHeaders(request);
  const algorithm = request.checksumAlgorithm;
  const received = await bucket.receive(request.body(), algorithm);
  try {
    request.checkDigests(received.etag, received.checksum);
    const object = bucket.put(
      request.key,
      {
        ...{ etag: received.etag, headers },
        ...(algorithm ? { checksum: { algorithm, base64: received.checksum!, composite: false } } : {}),
      },
      [received],
      conditionOf(request),
    );
    return { status: 200, headers: { etag: `"${object.etag}"`, ...checksumHeaders(object) } };
  } catch (error) {
    bucket.files.remove(received.file);
    throw error;
  }
}

/** `x-amz-copy-source`: within the bucket; the two then share their bytes. */
export function copyObject(bucket: Bucket, request: BlobRequest): BlobAnswer {
  const source = sourceOf(bucket, request);
  checkSourceConditions(request, source);
  const replaces = request.headers["x-amz-metadata-directive"] === "REPLACE";
  if (source.key === request.key && !replaces) {
    throw refusals.invalidArgument(
      "An object is copied to itself only with other metadata (x-amz-metadata-directive: REPLACE)",
    );
  }
  const { etag, checksum, files } = source;
  const headers = replaces ? objectHeaders(request) : source.headers;
  const object = bucket.put(request.key, { etag, headers, ...(checksum ? { checksum } : {}) }, files);
  return {
    status: 200,
    xml: toXml("CopyObjectResult", {
      ETag: `"${etag}"`,
      LastModified: new Date(object.createdMs).toISOString(),
    }),
  };
}

/** What `x-amz-copy-source` names. @throws BlobRequestError */
export function sourceOf(bucket: Bucket, request: BlobRequest): ObjectVersion {
  let path: string;
  try {
    path = decodeURIComponent(request.headers["x-amz-copy-source"]!.replace(/^\//, ""));
  } catch {
    throw refusals.invalidArgument("x-amz-copy-source is not UTF-8 with percent-encoding");
  }
  const end = path.indexOf("/");
  if (path.includes("?versionId=")) throw refusals.notImplemented("Copying of versions");
  if (path.slice(0, end) !== bucket.record.bucket) throw refusals.accessDenied();
  return bucket.get(path.slice(end + 1));
}

export function getObject(bucket: Bucket, request: BlobRequest): BlobAnswer {
  const object = bucket.get(request.key);
  const headers: Record<string, string> = {
    ...object.headers,
    etag: `"${object.etag}"`,
    "last-modified": new Date(object.createdMs).toUTCString(),
    "accept-ranges": "bytes",
  };
  for (const name of keptHeaders) {
    const override = request.query.get(`response-${name}`);
    if (override !== null) headers[name] = override;
  }
  if (isUnchanged(request, object)) return { status: 304, headers };
  const range = rangeOf(request.headers["range"], object.size);
  if (range === undefined && request.value("x-amz-checksum-mode")?.toUpperCase() === "ENABLED") {
    Object.assign(headers, checksumHeaders(object));
  }
  const [start, end] = range ?? [0, object.size];
  if (range) headers["content-range"] = `bytes ${start}-${end - 1}/${object.size}`;
  headers["content-length"] = String(end - start);
  return {
    ...{ status: range ? 206 : 200, headers },
    ...(request.method === "HEAD" ? {} : { body: bucket.files.read(object.files, start, end) }),
  };
}

export const checksumHeaders = ({ checksum }: ObjectVersion): Record<string, string> =>
  checksum
    ? {
        [`x-amz-checksum-${checksum.algorithm}`]: checksum.base64,
        "x-amz-checksum-type": checksum.composite ? "COMPOSITE" : "FULL_OBJECT",
      }
    : {};

/** Whether the client has it already; conditions in the order of RFC 9110. @throws BlobRequestError 412 */
function isUnchanged({ headers }: BlobRequest, { etag, createdMs }: ObjectVersion): boolean {
  const isNamed = (list: string) =>
    list
      .split(",")
      .some((one) => one.trim() === "*" || one.trim().replace(/^W\//, "").replaceAll('"', "") === etag);
  // Dates of HTTP have seconds.
  const changedMs = Math.floor(createdMs / 1_000) * 1_000;
  const match = headers["if-match"];
  const unmodified = headers["if-unmodified-since"];
  const holds =
    match !== undefined ? isNamed(match) : unmodified === undefined || changedMs <= Date.parse(unmodified);
  if (!holds) throw refusals.preconditionFailed();
  const noneMatch = headers["if-none-match"];
  const modified = headers["if-modified-since"];
  if (noneMatch !== undefined) return isNamed(noneMatch);
  return modified !== undefined && changedMs <= Date.parse(modified);
}

function checkSourceConditions({ headers }: BlobRequest, { etag }: ObjectVersion): void {
  const match = headers["x-amz-copy-source-if-match"];
  const noneMatch = headers["x-amz-copy-source-if-none-match"];
  if (match !== undefined && match.replaceAll('"', "") !== etag) throw refusals.preconditionFailed();
  if (noneMatch !== undefined && noneMatch.replaceAll('"', "") === etag) throw refusals.preconditionFailed();
}

/** From and up to but without; undefined for the whole. Several ranges at once are answered with the whole, as S3 does. */
export function rangeOf(header: string | undefined, size: number): [start: number, end: number] | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? "");
  if (!match || (match[1] === "" && match[2] === "")) return undefined;
  const [, first = "", last = ""] = match;
  const start = first === "" ? Math.max(0, size - Number(last)) : Number(first);
  const end = first === "" || last === "" ? size : Math.min(size, Number(last) + 1);
  if (start >= size || start >= end) {
    throw new BlobRequestError("InvalidRange", 416, "The requested range is not satisfiable");
  }
  return [start, end];
}
