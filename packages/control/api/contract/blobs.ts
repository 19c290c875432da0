import type { BucketReport, BucketRestored } from "@evenkeel/model";
import { z } from "zod";
import { appParams, deployableEnvironment } from "./parameters.ts";
import { json } from "./route.ts";

const bucketParams = z.object({ ...appParams.shape, environment: deployableEnvironment });

export const blobRoutes = {
  listAllBuckets: json<{ buckets: BucketReport[] }>()({
    method: "GET",
    path: "/api/buckets",
    permission: "admin",
  }),
  listBuckets: json<{ buckets: BucketReport[] }>()({
    method: "GET",
    path: "/api/apps/:app/buckets",
    permission: "read",
    params: appParams,
  }),
  /** Where it is missing; deployments that are accepted afterwards get its address. */
  createBucket: json<{ bucket: BucketReport }>()({
    method: "PUT",
    path: "/api/apps/:app/buckets/:environment",
    permission: "configure",
    params: bucketParams,
  }),
  /** Its files stay for seven days. */
  removeBucket: json<{ folder?: string }>()({
    method: "DELETE",
    path: "/api/apps/:app/buckets/:environment",
    permission: "configure",
    isFresh: true,
    params: bucketParams,
  }),
  /** Endpoint, names and secrets, as deployments get them. */
  getBucketCredentials: json<{ variables: Record<string, string> }>()({
    method: "GET",
    path: "/api/apps/:app/buckets/:environment/credentials",
    permission: "configure",
    isFresh: true,
    params: bucketParams,
  }),
  /** Sets all objects back to what they were at a moment of the last seven days. */
  restoreBucket: json<BucketRestored>()({
    method: "POST",
    path: "/api/apps/:app/buckets/:environment/restore",
    permission: "configure",
    isFresh: true,
    params: bucketParams,
    body: z.strictObject({ toMs: z.number().int().positive() }),
  }),
};
