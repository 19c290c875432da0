import { BlobRequestError } from "../errors.ts";
import { refusals } from "../protocol/refusals.ts";
import { toXml } from "../protocol/xml.ts";
import type { Bucket } from "../store/bucket.ts";
import type { BlobAnswer } from "./blob-answer.ts";
import type { BlobRequest } from "./blob-request.ts";
import { deleteObjects, listObjects } from "./bucket-operations.ts";
import {
  abortUpload,
  completeUpload,
  createUpload,
  listParts,
  listUploads,
  uploadPart,
} from "./multipart-operations.ts";
import { conditionOf, copyObject, getObject, putObject } from "./object-operations.ts";

/** Subresources of S3 that are not offered: each would otherwise be taken for the plain operation. */
const subresources = [
  ...[
    "accelerate",
    "acl",
    "analytics",
    "attributes",
    "cors",
    "encryption",
    "intelligent-tiering",
    "inventory",
    "legal-hold",
  ],
  ...[
    "lifecycle",
    "logging",
    "metrics",
    "notification",
    "object-lock",
    "ownershipControls",
    "policy",
    "policyStatus",
  ],
  ...[
    "publicAccessBlock",
    "replication",
    "requestPayment",
    "restore",
    "retention",
    "select",
    "tagging",
    "torrent",
  ],
  ...["versionId", "versions", "website"],
];

/** Carries out what a request asks of its signer's bucket. @throws BlobRequestError */
export function operate(bucket: Bucket, request: BlobRequest): BlobAnswer | Promise<BlobAnswer> {
  const { method, query, key } = request;
  if (request.bucket === "") return listBuckets(bucket, request);
  if (request.bucket !== bucket.record.bucket) {
    throw refusals.accessDenied(`These credentials are for the bucket ${bucket.record.bucket} alone`);
  }
  const missing = subresources.find((name) => query.has(name));
  if (missing !== undefined) throw refusals.notImplemented(`"${missing}"`);
  return key === "" ? ofBucket(bucket, request) : ofObject(bucket, request, method);
}

function ofBucket(bucket: Bucket, request: BlobRequest): BlobAnswer | Promise<BlobAnswer> {
  const { method, query } = request;
  const { record } = bucket;
  switch (method) {
    case "GET":
      if (query.has("location")) return { status: 200, xml: toXml("LocationConstraint", {}) };
      if (query.has("versioning")) return { status: 200, xml: toXml("VersioningConfiguration", {}) };
      if (query.has("uploads")) return listUploads(bucket, request);
      return listObjects(bucket, request);
    case "HEAD":
      return { status: 200, headers: { "x-amz-bucket-region": "us-east-1" } };
    case "POST":
      if (query.has("delete")) return deleteObjects(bucket, request);
      throw refusals.notImplemented("Uploading by an HTML form");
    case "PUT":
      throw new BlobRequestError(
        "BucketAlreadyOwnedByYou",
        409,
        `The bucket ${record.bucket} is there, and yours.`,
      );
    default:
      throw refusals.notImplemented(`${method} of a bucket`);
  }
}

function ofObject(bucket: Bucket, request: BlobRequest, method: string): BlobAnswer | Promise<BlobAnswer> {
  const { query, key } = request;
  const isPart = query.has("uploadId");
  switch (method) {
    case "GET":
      return isPart ? listParts(bucket, request) : getObject(bucket, request);
    case "HEAD":
      return getObject(bucket, request);
    case "PUT":
      if (isPart) return uploadPart(bucket, request);
      return request.headers["x-amz-copy-source"] === undefined
        ? putObject(bucket, request)
        : copyObject(bucket, request);
    case "POST":
      if (query.has("uploads")) return createUpload(bucket, request);
      if (isPart) return completeUpload(bucket, request);
      throw refusals.notImplemented("POST of an object");
    case "DELETE":
      if (isPart) return abortUpload(bucket, request);
      bucket.remove([key], conditionOf(request));
      return { status: 204 };
    default:
      throw refusals.notImplemented(`${method} of an object`);
  }
}

function listBuckets({ record }: Bucket, { method }: BlobRequest): BlobAnswer {
  if (method !== "GET") throw refusals.notImplemented(`${method} without a bucket`);
  const { app, bucket, createdAtMs } = record;
  return {
    status: 200,
    xml: toXml("ListAllMyBucketsResult", {
      Owner: { ID: app, DisplayName: app },
      Buckets: { Bucket: [{ Name: bucket, CreationDate: new Date(createdAtMs).toISOString() }] },
    }),
  };
}
