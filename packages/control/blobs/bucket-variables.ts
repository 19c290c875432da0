import { type BucketCredentials, blobsPath } from "@evenkeel/model";
import type { Place } from "../apps/hosts.ts";

/** What SDKs and apps read. */
export function bucketVariables(
  { bucket, accessKeyId, secretAccessKey }: BucketCredentials,
  { port }: Place,
): Record<string, string> {
  // At an address that is an IP, SDKs put the bucket into the path by themselves.
  const endpoint = `http://127.0.0.1:${port}${blobsPath}`;
  return {
    AWS_ENDPOINT_URL_S3: endpoint,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_REGION: "us-east-1",
    AWS_DEFAULT_REGION: "us-east-1",
    AWS_S3_BUCKET: bucket,
    S3_ENDPOINT: endpoint,
    S3_ACCESS_KEY_ID: accessKeyId,
    S3_SECRET_ACCESS_KEY: secretAccessKey,
    S3_REGION: "us-east-1",
    S3_BUCKET: bucket,
  };
}
