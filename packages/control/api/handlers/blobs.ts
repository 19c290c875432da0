import { BucketUnknownError } from "@evenkeel/blobs/errors";
import type { AppEnvironment } from "@evenkeel/model";
import { getApp } from "../../apps/app-store.ts";
import { lockEnvironment } from "../../apps/lock-environment.ts";
import { record } from "../../audit/audit-log.ts";
import { giveUpBuckets, hasBucket, removeBucket, wantBucket } from "../../blobs/bucket-store.ts";
import { bucketVariables } from "../../blobs/bucket-variables.ts";
import type { blobRoutes } from "../contract/index.ts";
import type { HandlersOf } from "../handler.ts";
import type { ControlParts } from "./control-parts.ts";

export function blobHandlers({ database, blobs, place }: ControlParts): HandlersOf<typeof blobRoutes> {
  const audit = (
    who: string,
    action: string,
    { app, environment }: { app: string; environment: string },
    detail = {},
  ) => record(database, { who, action: `bucket.${action}`, app, detail: { environment, ...detail } });
  const requireBucket = async (owner: AppEnvironment) => {
    await getApp(database, owner.app);
    if (!(await hasBucket(database, owner))) throw new BucketUnknownError(owner.app, owner.environment);
  };
  const all = async () => (await blobs.ask({ type: "list" })).buckets ?? [];
  return {
    async listAllBuckets() {
      return { buckets: await all() };
    },
    async listBuckets({ params: { app } }) {
      await getApp(database, app);
      // Without any there is nobody to ask.
      if (!(await hasBucket(database, { app }))) return { buckets: [] };
      return { buckets: (await all()).filter((bucket) => bucket.app === app) };
    },
    async createBucket({ params, caller }) {
      const { id: appId } = await getApp(database, params.app);
      await database.transaction((connection) => wantBucket(connection, params, caller.name));
      const { bucket } = await blobs.ask({ type: "ensure", appId, ...params });
      return { bucket: bucket! };
    },
    async removeBucket({ params, caller }) {
      const { app, environment } = params;
      await getApp(database, app);
      await database.transaction(async (connection) => {
        await lockEnvironment(connection, app, environment);
        await giveUpBuckets(connection, app, environment);
        await record(connection, { who: caller.name, action: "bucket.remove", app, detail: { environment } });
      });
      return (await removeBucket(database, blobs, params)) ?? {};
    },
    async getBucketCredentials({ params, caller }) {
      await requireBucket(params);
      const { credentials } = await blobs.ask({ type: "credentials", ...params });
      await audit(caller.name, "credentials", params);
      return { variables: bucketVariables(credentials!, place) };
    },
    async restoreBucket({ params, body: { toMs }, caller }) {
      await requireBucket(params);
      // Before it happens: whatever becomes of it, it is known who asked.
      await audit(caller.name, "restore", params, { to: new Date(toMs).toISOString() });
      return (await blobs.ask({ type: "restore", toMs, ...params })).restored!;
    },
  };
}
