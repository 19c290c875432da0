import { createHmac } from "node:crypto";
import { existsSync, readdirSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { loadOrCreateKey, syncFolder } from "@evenkeel/disk";
import { type AppEnvironment, type HomeLayout, randomId } from "@evenkeel/model";
import { BucketUnknownError } from "../errors.ts";
import { Bucket, keptMs } from "./bucket.ts";
import {
  type BucketRecord,
  bucketFolder,
  bucketName,
  foldersIn,
  readBucketRecords,
  removedMark,
  writeBucketRecord,
} from "./bucket-record.ts";

const ownerKey = ({ app, environment }: AppEnvironment): string => `${app}/${environment}`;

/** All buckets of the machine. */
export class Buckets {
  private readonly byOwner = new Map<string, Bucket>();
  private readonly byAccessKey = new Map<string, Bucket>();
  /** Secrets are worked out from it, so none is stored. */
  private readonly key: Uint8Array;

  constructor(private readonly layout: HomeLayout) {
    this.key = loadOrCreateKey(join(layout.keys, "blobs.key"));
    for (const record of readBucketRecords(layout)) this.open(record);
  }

  all(): Bucket[] {
    return [...this.byOwner.values()];
  }

  /** @throws BucketUnknownError */
  get(owner: AppEnvironment): Bucket {
    const bucket = this.byOwner.get(ownerKey(owner));
    if (!bucket) throw new BucketUnknownError(owner.app, owner.environment);
    return bucket;
  }

  byAccess(accessKeyId: string): Bucket | undefined {
    return this.byAccessKey.get(accessKeyId);
  }

  /** Undefined for a key of nobody. */
  secret(accessKeyId: string): string | undefined {
    if (!this.byAccessKey.has(accessKeyId)) return undefined;
    return createHmac("sha256", this.key).update(accessKeyId).digest("base64url").slice(0, 40);
  }

  /** Makes it where it is missing. A bucket that an earlier app of the name has left goes first. */
  ensure(owner: AppEnvironment, appId: string): Bucket {
    const there = this.byOwner.get(ownerKey(owner));
    if (there?.record.appId === appId) return there;
    if (there) this.remove(owner);
    const record: BucketRecord = {
      ...{ formatVersion: 1 as const, app: owner.app, environment: owner.environment, appId },
      ...{
        bucket: bucketName(owner),
        accessKeyId: `EVK${randomId(17).toUpperCase()}`,
        createdAtMs: Date.now(),
      },
    };
    writeBucketRecord(this.layout, record);
    return this.open(record);
  }

  /** Takes it out of service; its files stay for as long as overwritten objects do. @returns where, or undefined if there was none */
  remove(owner: AppEnvironment): string | undefined {
    const bucket = this.byOwner.get(ownerKey(owner));
    if (!bucket) return undefined;
    this.byOwner.delete(ownerKey(owner));
    this.byAccessKey.delete(bucket.record.accessKeyId);
    bucket.close();
    const folder = bucketFolder(this.layout, owner);
    const removed = `${folder}${removedMark}${Date.now()}`;
    renameSync(folder, removed);
    syncFolder(dirname(folder));
    return removed;
  }

  /** Of every bucket, and buckets that were removed long enough ago. */
  sweep(nowMs = Date.now()): void {
    for (const bucket of this.all()) bucket.sweep();
    for (const app of foldersIn(this.layout.blobs)) {
      const folder = join(this.layout.blobs, app);
      for (const name of readdirSync(folder)) {
        const removedMs = Number(name.split(removedMark)[1] ?? Number.NaN);
        if (nowMs - removedMs > keptMs) rmSync(join(folder, name), { recursive: true, force: true });
      }
      if (existsSync(folder) && readdirSync(folder).length === 0) rmSync(folder, { recursive: true });
    }
  }

  saveCopies(): void {
    for (const bucket of this.all()) bucket.saveCopy();
  }

  close(): void {
    for (const bucket of this.all()) bucket.close();
  }

  private open(record: BucketRecord): Bucket {
    const bucket = new Bucket(this.layout, record);
    this.byOwner.set(ownerKey(record), bucket);
    this.byAccessKey.set(record.accessKeyId, bucket);
    return bucket;
  }
}
