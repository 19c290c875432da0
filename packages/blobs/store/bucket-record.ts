import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { writeFileDurably } from "@evenkeel/disk";
import type { AppEnvironment, HomeLayout } from "@evenkeel/model";

/** `bucket.json`: that an app environment has a bucket. */
export interface BucketRecord extends AppEnvironment {
  formatVersion: 1;
  /** Its name for S3, of all apps' buckets the only one. */
  bucket: string;
  /** Tells the app from an earlier one of the same name. */
  appId: string;
  accessKeyId: string;
  createdAtMs: number;
}

const fileName = "bucket.json";

export const bucketFolder = (layout: HomeLayout, { app, environment }: AppEnvironment): string =>
  join(layout.blobs, app, environment);

/** Buckets' names have 63 characters at most. */
export function bucketName({ app, environment }: AppEnvironment): string {
  const name = `${app}-${environment}`;
  if (name.length <= 63) return name;
  const hash = new Bun.CryptoHasher("sha256").update(name).digest("hex").slice(0, 8);
  return `${app.slice(0, 43)}-${hash}-${environment}`;
}

export function writeBucketRecord(layout: HomeLayout, record: BucketRecord): void {
  const folder = bucketFolder(layout, record);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileDurably(join(folder, fileName), `${JSON.stringify(record, null, 2)}\n`, 0o600);
}

/** Between a removed bucket's folder and the time of its removal, in milliseconds. */
export const removedMark = ".removed-";

/** Every bucket of the machine. */
export function readBucketRecords(layout: HomeLayout): BucketRecord[] {
  return foldersIn(layout.blobs).flatMap((app) =>
    foldersIn(join(layout.blobs, app)).flatMap((environment) => {
      const path = join(layout.blobs, app, environment, fileName);
      if (environment.includes(removedMark) || !existsSync(path)) return [];
      return [JSON.parse(readFileSync(path, "utf8")) as BucketRecord];
    }),
  );
}

export const foldersIn = (folder: string): string[] => (existsSync(folder) ? readdirSync(folder).sort() : []);
