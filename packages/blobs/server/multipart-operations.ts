import { BlobRequestError } from "../errors.ts";
import { type ChecksumAlgorithm, checksumAlgorithms } from "../protocol/checksums.ts";
import { refusals } from "../protocol/refusals.ts";
import { fromXml, toXml } from "../protocol/xml.ts";
import type { Bucket } from "../store/bucket.ts";
import { MultipartUploads } from "../store/multipart-uploads.ts";
import type { BlobAnswer } from "./blob-answer.ts";
import type { BlobRequest } from "./blob-request.ts";
import { checksumHeaders, conditionOf, objectHeaders, rangeOf, sourceOf } from "./object-operations.ts";

const mostParts = 10_000;

export function createUpload(bucket: Bucket, request: BlobRequest): BlobAnswer {
  const named = request.headers["x-amz-checksum-algorithm"]?.toLowerCase();
  const algorithm = checksumAlgorithms.find((one) => one === named);
  const id = new MultipartUploads(bucket).begin(request.key, objectHeaders(request), algorithm, Date.now());
  return {
    status: 200,
    headers: algorithm ? { "x-amz-checksum-algorithm": algorithm.toUpperCase() } : {},
    xml: toXml("InitiateMultipartUploadResult", {
      Bucket: bucket.record.bucket,
      Key: request.key,
      UploadId: id,
    }),
  };
}

export async function uploadPart(bucket: Bucket, request: BlobRequest): Promise<BlobAnswer> {
  const uploads = new MultipartUploads(bucket);
  const number = Number(request.query.get("partNumber"));
  if (!(Number.isInteger(number) && number >= 1 && number <= mostParts)) {
    throw refusals.invalidArgument(`Part number must be an integer between 1 and ${mostParts}, inclusive`);
  }
  const upload = uploads.get(request.key, request.query.get("uploadId") ?? "");
  const copied = request.headers["x-amz-copy-source"] !== undefined;
  const algorithm: ChecksumAlgorithm | undefined = upload.algorithm ?? request.checksumAlgorithm;
  const received = await bucket.receive(copied ? copiedBytes(bucket, request) : request.body(), algorithm);
  try {
    if (!copied) request.checkDigests(received.etag, received.checksum);
    uploads.addPart(upload, number, received, Date.now());
  } catch (error) {
    bucket.files.remove(received.file);
    throw error;
  }
  if (copied) {
    const content = { ETag: `"${received.etag}"`, LastModified: new Date().toISOString() };
    return { status: 200, xml: toXml("CopyPartResult", content) };
  }
  const headers: Record<string, string> = { etag: `"${received.etag}"` };
  if (algorithm) headers[`x-amz-checksum-${algorithm}`] = received.checksum!;
  return { status: 200, headers };
}

function copiedBytes(bucket: Bucket, request: BlobRequest): AsyncIterable<Uint8Array> {
  const source = sourceOf(bucket, request);
  const [start, end] = rangeOf(request.headers["x-amz-copy-source-range"], source.size) ?? [0, source.size];
  return bucket.files.read(source.files, start, end);
}

export async function completeUpload(bucket: Bucket, request: BlobRequest): Promise<BlobAnswer> {
  const uploads = new MultipartUploads(bucket);
  const upload = uploads.get(request.key, request.query.get("uploadId") ?? "");
  const { Part: parts = [] } = fromXml(await request.text(), "CompleteMultipartUpload") as {
    Part?: { PartNumber?: string; ETag?: string }[];
  };
  const wanted = parts.map(({ PartNumber, ETag }) => {
    const number = Number(PartNumber);
    if (!Number.isInteger(number) || typeof ETag !== "string") throw refusals.malformedXml();
    return { number, etag: ETag };
  });
  const object = uploads.complete(upload, wanted, conditionOf(request));
  return {
    status: 200,
    headers: checksumHeaders(object),
    xml: toXml("CompleteMultipartUploadResult", {
      Location: `/${bucket.record.bucket}/${request.key}`,
      ...{ Bucket: bucket.record.bucket, Key: request.key, ETag: `"${object.etag}"` },
      ...(object.checksum
        ? { [`Checksum${object.checksum.algorithm.toUpperCase()}`]: object.checksum.base64 }
        : {}),
    }),
  };
}

export function abortUpload(bucket: Bucket, request: BlobRequest): BlobAnswer {
  const uploads = new MultipartUploads(bucket);
  uploads.abort(uploads.get(request.key, request.query.get("uploadId") ?? ""));
  return { status: 204 };
}

export function listParts(bucket: Bucket, request: BlobRequest): BlobAnswer {
  const uploads = new MultipartUploads(bucket);
  const upload = uploads.get(request.key, request.query.get("uploadId") ?? "");
  const after = Number(request.query.get("part-number-marker") ?? 0);
  const limit = pageSize(request.query.get("max-parts"));
  const all = uploads.parts(upload).filter(({ number }) => number > after);
  const shown = all.slice(0, limit);
  return {
    status: 200,
    xml: toXml("ListPartsResult", {
      ...{ Bucket: bucket.record.bucket, Key: upload.key, UploadId: upload.id, StorageClass: "STANDARD" },
      ...{ PartNumberMarker: after, MaxParts: limit, IsTruncated: all.length > shown.length },
      ...(all.length > shown.length ? { NextPartNumberMarker: shown.at(-1)!.number } : {}),
      Part: shown.map(({ number, etag, size, createdMs }) => ({
        ...{
          PartNumber: number,
          ETag: `"${etag}"`,
          Size: size,
          LastModified: new Date(createdMs).toISOString(),
        },
      })),
    }),
  };
}

export function listUploads(bucket: Bucket, request: BlobRequest): BlobAnswer {
  const prefix = request.query.get("prefix") ?? "";
  const uploads = new MultipartUploads(bucket).list(prefix).slice(0, 1_000);
  return {
    status: 200,
    xml: toXml("ListMultipartUploadsResult", {
      ...{ Bucket: bucket.record.bucket, Prefix: prefix, MaxUploads: 1_000, IsTruncated: false },
      Upload: uploads.map(({ key, id, createdMs }) => ({
        ...{ Key: key, UploadId: id, StorageClass: "STANDARD", Initiated: new Date(createdMs).toISOString() },
      })),
    }),
  };
}

/** Of a list, 1 to 1,000. @throws BlobRequestError */
export function pageSize(text: string | null): number {
  if (text === null) return 1_000;
  const size = Number(text);
  if (!Number.isInteger(size) || size < 0) {
    throw new BlobRequestError("InvalidArgument", 400, "A page's size must be an integer from 0 on");
  }
  return Math.min(size, 1_000);
}
