import { chmodSync, rmSync } from "node:fs";
import {
  type AppEnvironment,
  type AppName,
  type BucketReport,
  type BucketsReply,
  type BucketsRequest,
  errorJson,
} from "@evenkeel/model";
import type { Bucket } from "../store/bucket.ts";
import type { Buckets } from "../store/buckets.ts";

/** What control asks, as JSON over HTTP on a socket of root's alone: see `blobs-protocol.ts`. */
export function startAdminServer(buckets: Buckets, socketPath: string): { stop(): Promise<void> } {
  rmSync(socketPath, { force: true });
  const server = Bun.serve({
    unix: socketPath,
    async fetch(request: Request) {
      try {
        return Response.json(answer(buckets, (await request.json()) as BucketsRequest));
      } catch (error) {
        return Response.json({ error: errorJson(error) } satisfies BucketsReply);
      }
    },
    development: false,
  });
  chmodSync(socketPath, 0o600);
  return { stop: () => server.stop(true) };
}

function answer(buckets: Buckets, request: BucketsRequest): BucketsReply {
  switch (request.type) {
    case "ensure": {
      const bucket = buckets.ensure(request, request.appId);
      return { bucket: report(bucket), credentials: credentials(buckets, bucket) };
    }
    case "credentials":
      return { credentials: credentials(buckets, buckets.get(request)) };
    case "list":
      return { buckets: buckets.all().map(report) };
    case "restore":
      return { restored: buckets.get(request).restore(request.toMs) };
    case "remove":
      return remove(buckets, request);
  }
}

function remove(buckets: Buckets, owner: AppEnvironment): BucketsReply {
  const folder = buckets.remove(owner);
  return folder === undefined ? {} : { removed: { folder } };
}

function credentials(buckets: Buckets, { record }: Bucket) {
  const { bucket, accessKeyId } = record;
  return { bucket, accessKeyId, secretAccessKey: buckets.secret(accessKeyId)! };
}

function report({ record, objects }: Bucket): BucketReport {
  const { app, environment, bucket, createdAtMs } = record;
  return { app: app as AppName, environment, bucket, createdAtMs, ...objects.size() };
}
