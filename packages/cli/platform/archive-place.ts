import type { ArchivePlace } from "@evenkeel/model";
import { UsageError } from "../errors.ts";
import { callerPath } from "./home.ts";

export interface PlaceOptions {
  endpoint?: string;
  region?: string;
}

/**
 * Reads where archives are: a folder, or `s3://bucket/prefix` with its keys from the environment, where they are in no list of processes and in no
 * shell's history. Names are those of AWS's own tools.
 *
 * @throws UsageError
 */
export function readPlace(
  text: string,
  options: PlaceOptions,
  environment: Record<string, string | undefined> = process.env,
): ArchivePlace {
  if (!text.startsWith("s3://")) return { kind: "folder", path: callerPath(text) };
  const [bucket = "", ...rest] = text.slice("s3://".length).split("/");
  const prefix = rest.join("/").replace(/\/+$/, "");
  const region = options.region ?? environment["AWS_REGION"] ?? "us-east-1";
  const endpoint =
    options.endpoint ??
    environment["AWS_ENDPOINT_URL_S3"] ??
    environment["AWS_ENDPOINT_URL"] ??
    `https://s3.${region}.amazonaws.com`;
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } = environment;
  if (!bucket) {
    throw new UsageError(`"${text}" names no bucket`, { hint: "Write s3://bucket or s3://bucket/prefix." });
  }
  if (!accessKeyId || !secretAccessKey) {
    throw new UsageError("The keys of the bucket are missing", {
      hint: "Put them into the environment: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.",
    });
  }
  return {
    ...{ kind: "s3", endpoint: endpoint.replace(/\/+$/, ""), region, bucket, prefix },
    ...{ accessKeyId, secretAccessKey },
  };
}
