import type { AppEnvironment } from "../app-environment.ts";
import type { ErrorJson } from "../errors.ts";

/** `run/blobs-admin.sock`, one JSON body each way: control asks the process that holds apps' buckets. Each may be repeated. */
export type BucketsRequest =
  /** Makes it where it is missing; replies with `bucket` and `credentials`. */
  | ({ type: "ensure"; appId: string } & AppEnvironment)
  | ({ type: "credentials" } & AppEnvironment)
  /** Replies with `buckets`. */
  | { type: "list" }
  /** Sets all objects back to what they were at a moment; replies with `restored`. */
  | ({ type: "restore"; toMs: number } & AppEnvironment)
  /** Takes it out of service; replies with `removed` if it was there. */
  | ({ type: "remove" } & AppEnvironment);

export interface BucketsReply {
  bucket?: BucketReport;
  credentials?: BucketCredentials;
  buckets?: BucketReport[];
  restored?: BucketRestored;
  removed?: BucketRemoved;
  error?: ErrorJson;
}

export interface BucketCredentials {
  bucket: string;
  accessKeyId: string;
  secretAccessKey: string;
}

export interface BucketReport extends AppEnvironment {
  /** Its name for S3. */
  bucket: string;
  createdAtMs: number;
  objects: number;
  bytes: number;
  /** Of objects that were overwritten or deleted within the last seven days. */
  keptBytes: number;
}

export interface BucketRestored {
  /** Objects that came back. */
  restored: number;
  /** Objects that went. */
  removed: number;
}

export interface BucketRemoved {
  /** Where its files stay for seven days. */
  folder: string;
}
