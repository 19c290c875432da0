import { afterEach, beforeEach, expect, test } from "bun:test";
import { createHash, randomBytes } from "node:crypto";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import type { Server } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListObjectsV2Command,
  ListPartsCommand,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { Upload } from "@aws-sdk/lib-storage";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import { type AppName, blobsPath, homeLayout } from "@evenkeel/model";
import type { Bucket as OpenBucket } from "../store/bucket.ts";
import { Buckets } from "../store/buckets.ts";
import { startBlobServer } from "./blob-server.ts";

const limitMs = 60_000;
const shop = { app: "shop" as AppName, environment: "production" } as const;
const other = { app: "other" as AppName, environment: "production" } as const;
const Bucket = "shop-production";

let folder: string;
let buckets: Buckets;
let server: Server;
let client: S3Client;
const clients: S3Client[] = [];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "ek-blobs-"));
  buckets = new Buckets(homeLayout(folder));
  server = await startBlobServer(buckets, { port: 0, host: "127.0.0.1" });
  client = clientOf(buckets.ensure(shop, "app1"));
});
afterEach(() => {
  for (const one of clients.splice(0)) one.destroy();
  server.close();
  buckets.close();
  rmSync(folder, { recursive: true, force: true });
});

const endpoint = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}${blobsPath}`;

function clientOf({ record }: OpenBucket, more: object = {}): S3Client {
  const made = new S3Client({
    ...{ endpoint: endpoint(), region: "us-east-1", maxAttempts: 1 },
    credentials: { accessKeyId: record.accessKeyId, secretAccessKey: buckets.secret(record.accessKeyId)! },
    ...more,
  });
  clients.push(made);
  return made;
}

const get = async (Key: string, more: object = {}) => {
  const answer = await client.send(new GetObjectCommand({ Bucket, Key, ...more }));
  return { ...answer, bytes: Buffer.from(await answer.Body!.transformToByteArray()) };
};
const refusal = (call: Promise<unknown>) =>
  call.then(
    () => "accepted",
    (error) => error.name as string,
  );

test(
  "the official SDK puts, gets, copies and deletes objects with odd keys and metadata",
  async () => {
    const keys = ["a.txt", "dir/ü ß+&%20='()!*~.txt", "x//y/../z", "日本/😀", "a b/c?d#e"];
    for (const Key of keys) {
      const body = Buffer.from(`content of ${Key}`);
      const put = await client.send(
        new PutObjectCommand({
          ...{
            Bucket,
            Key,
            Body: body,
            ContentType: "text/plain",
            CacheControl: "no-store",
            Metadata: { who: "me" },
          },
        }),
      );
      expect(put.ETag).toBe(`"${createHash("md5").update(body).digest("hex")}"`);
      const got = await get(Key);
      expect(got.bytes).toEqual(body);
      expect(got).toMatchObject({
        ContentType: "text/plain",
        CacheControl: "no-store",
        Metadata: { who: "me" },
      });
    }
    await client.send(
      new CopyObjectCommand({ Bucket, Key: "copy", CopySource: `${Bucket}/${encodeURIComponent(keys[3]!)}` }),
    );
    expect((await get("copy")).bytes.toString()).toBe(`content of ${keys[3]}`);
    const listed = await client.send(new ListObjectsV2Command({ Bucket }));
    const sorted = [...keys, "copy"].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    expect(listed.Contents!.map(({ Key }) => Key!)).toEqual(sorted);
    await client.send(new DeleteObjectCommand({ Bucket, Key: "copy" }));
    const { Deleted } = await client.send(
      new DeleteObjectsCommand({ Bucket, Delete: { Objects: keys.map((Key) => ({ Key })) } }),
    );
    expect(Deleted).toHaveLength(keys.length);
    expect(await refusal(get("a.txt"))).toBe("NoSuchKey");
    expect((await client.send(new ListBucketsCommand({}))).Buckets!.map(({ Name }) => Name!)).toEqual([
      Bucket,
    ]);
    await client.send(new HeadBucketCommand({ Bucket }));
  },
  limitMs,
);

test(
  "streams, ranges and conditions answer as S3 does",
  async () => {
    const body = randomBytes(3 * 1024 * 1024 + 17);
    for (const algorithm of ["CRC32", "CRC32C", "SHA1", "SHA256"] as const) {
      await client.send(
        new PutObjectCommand({
          ...{ Bucket, Key: algorithm, ChecksumAlgorithm: algorithm, ContentLength: body.length },
          Body: Readable.from([body.subarray(0, 1_000_000), body.subarray(1_000_000)]),
        }),
      );
      // The SDK compares the checksum by itself.
      const got = await get(algorithm, { ChecksumMode: "ENABLED" });
      expect(got.bytes.equals(body)).toBe(true);
    }
    const Key = "CRC32";
    expect((await get(Key, { Range: "bytes=10-19" })).bytes).toEqual(body.subarray(10, 20));
    expect((await get(Key, { Range: "bytes=-5" })).ContentRange).toBe(
      `bytes ${body.length - 5}-${body.length - 1}/${body.length}`,
    );
    expect(await refusal(get(Key, { Range: `bytes=${body.length}-` }))).toBe("InvalidRange");
    const { ETag } = await client.send(new HeadObjectCommand({ Bucket, Key }));
    await expect(get(Key, { IfNoneMatch: ETag! })).rejects.toMatchObject({
      $metadata: { httpStatusCode: 304 },
    });
    expect(await refusal(get(Key, { IfMatch: '"other"' }))).toBe("PreconditionFailed");
    const create = () =>
      client.send(new PutObjectCommand({ Bucket, Key: "once", Body: "1", IfNoneMatch: "*" }));
    const outcomes = await Promise.all([1, 2, 3, 4].map(() => refusal(create())));
    expect(outcomes.sort()).toEqual([
      "PreconditionFailed",
      "PreconditionFailed",
      "PreconditionFailed",
      "accepted",
    ]);
  },
  limitMs,
);

test(
  "a body that was changed on its way, or ends early, leaves what was there",
  async () => {
    await client.send(new PutObjectCommand({ Bucket, Key: "k", Body: "before" }));
    const wrong = new PutObjectCommand({ Bucket, Key: "k", Body: "after", ChecksumCRC32: "AAAAAA==" });
    expect(await refusal(client.send(wrong))).toBe("BadDigest");
    const url = new URL(
      await getSignedUrl(client, new PutObjectCommand({ Bucket, Key: "k" }), { expiresIn: 60 }),
    );
    await new Promise<void>((resolve) => {
      const socket = connect(Number(url.port), "127.0.0.1", () => {
        socket.write(
          `PUT ${url.pathname}${url.search} HTTP/1.1\r\nHost: ${url.host}\r\nContent-Length: 100\r\n\r\nhalf`,
        );
        setTimeout(() => socket.destroy(), 50);
      });
      socket.on("close", () => resolve());
    });
    expect((await get("k")).bytes.toString()).toBe("before");
    const incoming = join(folder, "blobs/shop/production/incoming");
    for (let tries = 0; readdirSync(incoming).length > 0 && tries < 200; tries++) await Bun.sleep(25);
    expect(readdirSync(incoming)).toEqual([]);
  },
  limitMs,
);

test(
  "multipart uploads come together, in the official helper and step by step",
  async () => {
    const body = randomBytes(12 * 1024 * 1024 + 3);
    await new Upload({
      ...{ client, params: { Bucket, Key: "big", Body: Readable.from([body]), ContentType: "audio/webm" } },
    }).done();
    const got = await get("big");
    expect(got.bytes.equals(body)).toBe(true);
    expect(got).toMatchObject({ ContentType: "audio/webm" });
    expect(got.ETag).toEndWith('-3"');
    expect((await get("big", { Range: "bytes=5242870-5242890" })).bytes).toEqual(
      body.subarray(5242870, 5242891),
    );

    const Key = "steps";
    const { UploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket, Key }));
    const part = async (PartNumber: number, Body: Buffer) => ({
      PartNumber,
      ETag: (await client.send(new UploadPartCommand({ Bucket, Key, UploadId, PartNumber, Body }))).ETag!,
    });
    const small = [await part(1, Buffer.from("too small")), await part(2, Buffer.from("end"))];
    const complete = (Parts: object[]) =>
      refusal(
        client.send(
          new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload: { Parts } }),
        ),
      );
    expect(await complete(small)).toBe("EntityTooSmall");
    expect(await complete([...small].reverse())).toBe("InvalidPartOrder");
    expect(await complete([{ PartNumber: 1, ETag: '"00"' }])).toBe("InvalidPart");
    expect((await client.send(new ListPartsCommand({ Bucket, Key, UploadId }))).Parts).toHaveLength(2);
    await client.send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId }));
    expect(await complete(small)).toBe("NoSuchUpload");
    expect(await refusal(get(Key))).toBe("NoSuchKey");
  },
  limitMs,
);

test(
  "lists pages, prefixes and delimiters without leaving out or doubling a key",
  async () => {
    const keys: string[] = [];
    for (let folder = 0; folder < 4; folder++) {
      for (let file = 0; file < 130; file++) keys.push(`f${folder}/${file}`);
    }
    keys.push("a", "f1", "f2", "z");
    const bucket = buckets.get(shop);
    for (const key of keys) bucket.objects.put(key, { etag: "0", headers: {} }, [], Date.now());
    const all = async (more: object) => {
      const seen: string[] = [];
      for (let ContinuationToken: string | undefined; ; ) {
        const page = await client.send(new ListObjectsV2Command({ Bucket, ContinuationToken, ...more }));
        seen.push(...(page.Contents ?? []).map(({ Key }) => Key!));
        seen.push(...(page.CommonPrefixes ?? []).map(({ Prefix }) => Prefix!));
        if (!page.IsTruncated) return seen.sort();
        ContinuationToken = page.NextContinuationToken;
      }
    };
    expect(await all({ MaxKeys: 7 })).toEqual([...keys].sort());
    for (const MaxKeys of [1, 2, 3, 1_000]) {
      expect(await all({ Delimiter: "/", MaxKeys })).toEqual([
        "a",
        "f0/",
        "f1",
        "f1/",
        "f2",
        "f2/",
        "f3/",
        "z",
      ]);
    }
    expect(await all({ Prefix: "f1/12", MaxKeys: 2 })).toHaveLength(11);
    expect(await all({ Prefix: "f", Delimiter: "/" })).toEqual(["f0/", "f1", "f1/", "f2", "f2/", "f3/"]);
  },
  limitMs,
);

test(
  "presigned URLs work until they expire, and for what they were signed for alone",
  async () => {
    const put = await getSignedUrl(client, new PutObjectCommand({ Bucket, Key: "p" }), { expiresIn: 60 });
    expect((await fetch(put, { method: "PUT", body: "by browser" })).status).toBe(200);
    const url = await getSignedUrl(client, new GetObjectCommand({ Bucket, Key: "p" }), { expiresIn: 60 });
    expect(await (await fetch(url)).text()).toBe("by browser");
    const codes = [
      url.replace("/p?", "/q?"),
      url.replace("X-Amz-Expires=60", "X-Amz-Expires=600"),
      url
        .replace(/X-Amz-Signature=./, "X-Amz-Signature=0")
        .replace(/X-Amz-Signature=0(.*)$/, "X-Amz-Signature=f$1"),
    ].map(async (changed) => (await (await fetch(changed)).text()).match(/<Code>(.*)<\/Code>/)?.[1]);
    const told = await Promise.all(codes);
    expect(told.filter((code) => code === "SignatureDoesNotMatch").length).toBeGreaterThanOrEqual(2);
    expect((await fetch(url, { method: "DELETE" })).status).toBe(403);
    const past = await getSignedUrl(client, new GetObjectCommand({ Bucket, Key: "p" }), {
      ...{ expiresIn: 60, signingDate: new Date(Date.now() - 3_600_000) },
    });
    expect(await (await fetch(past)).text()).toContain("Request has expired");
  },
  limitMs,
);

test(
  "an app reaches its own bucket only, and a wrong secret reaches none",
  async () => {
    await client.send(new PutObjectCommand({ Bucket, Key: "secret", Body: "mine" }));
    const foreign = clientOf(buckets.ensure(other, "app2"));
    expect(await refusal(foreign.send(new GetObjectCommand({ Bucket, Key: "secret" })))).toBe("AccessDenied");
    const { accessKeyId } = buckets.get(shop).record;
    const wrong = clientOf(buckets.get(shop), {
      credentials: { accessKeyId, secretAccessKey: "x".repeat(40) },
    });
    expect(await refusal(wrong.send(new GetObjectCommand({ Bucket, Key: "secret" })))).toBe(
      "SignatureDoesNotMatch",
    );
    const nobody = clientOf(buckets.get(shop), {
      credentials: { accessKeyId: "EVKNOBODY", secretAccessKey: "x" },
    });
    expect(await refusal(nobody.send(new GetObjectCommand({ Bucket, Key: "secret" })))).toBe(
      "InvalidAccessKeyId",
    );
    expect((await fetch(`${endpoint()}/${Bucket}/secret`)).status).toBe(403);
    const copy = new CopyObjectCommand({
      Bucket: "other-production",
      Key: "x",
      CopySource: `${Bucket}/secret`,
    });
    expect(await refusal(foreign.send(copy))).toBe("AccessDenied");
  },
  limitMs,
);

test(
  "all is there after a restart; a bucket goes back to an earlier moment and forward again",
  async () => {
    const write = (Key: string, Body: string) => client.send(new PutObjectCommand({ Bucket, Key, Body }));
    await write("kept", "1");
    await write("changed", "before");
    await write("deleted", "there");
    await Bun.sleep(5);
    const moment = Date.now();
    await Bun.sleep(5);
    await write("changed", "after");
    await write("new", "1");
    await client.send(new DeleteObjectCommand({ Bucket, Key: "deleted" }));
    // As on a platform that was made anew from a backup.
    buckets.saveCopies();
    buckets.close();
    server.close();
    for (const name of ["objects.sqlite", "objects.sqlite-wal", "objects.sqlite-shm"]) {
      rmSync(join(folder, "blobs/shop/production", name), { force: true });
    }
    buckets = new Buckets(homeLayout(folder));
    server = await startBlobServer(buckets, { port: 0, host: "127.0.0.1" });
    const bucket = buckets.get(shop);
    client = clientOf(bucket);
    const contents = async () =>
      Object.fromEntries(
        await Promise.all(
          bucket.objects
            .list("", { from: "", includes: false }, 100)
            .map(async ({ key }) => [key, (await get(key)).bytes.toString()]),
        ),
      );
    const later = { changed: "after", kept: "1", new: "1" };
    expect(await contents()).toEqual(later);
    const restoredAt = Date.now();
    await Bun.sleep(5);
    expect(bucket.restore(moment)).toEqual({ restored: 2, removed: 2 });
    expect(await contents()).toEqual({ changed: "before", deleted: "there", kept: "1" });
    bucket.restore(restoredAt);
    expect(await contents()).toEqual(later);
    expect(() => bucket.restore(Date.now() + 60_000)).toThrow("cannot be set back");
    expect(() => bucket.restore(1)).toThrow("cannot be set back");
  },
  limitMs,
);
