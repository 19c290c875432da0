import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type HomeLayout, homeLayout } from "@evenkeel/model";
import { sweepUploads } from "../retention/sweep-uploads.ts";
import { receiveUpload } from "./receive-upload.ts";

let layout: HomeLayout;
beforeEach(() => {
  layout = homeLayout(mkdtempSync(join(tmpdir(), "ek-upload-")));
});
afterEach(() => rmSync(layout.home, { recursive: true, force: true }));

const bytes = Buffer.from("the archive's bytes");
const sha256 = new Bun.CryptoHasher("sha256").update(bytes).digest("hex");
const body = (...pieces: Uint8Array[]) =>
  new ReadableStream<Uint8Array>({
    start(controller) {
      for (const piece of pieces) controller.enqueue(piece);
      controller.close();
    },
  });

test("an upload with the declared bytes is stored under its hash, and is not read a second time", async () => {
  const declared = { sha256, sizeBytes: bytes.length };
  const path = await receiveUpload(layout, declared, body(bytes.subarray(0, 5), bytes.subarray(5)));
  expect(readFileSync(path)).toEqual(bytes);
  let cancelled = false;
  const unread = new ReadableStream<Uint8Array>({
    cancel() {
      cancelled = true;
    },
  });
  expect(await receiveUpload(layout, declared, unread)).toBe(path);
  expect(cancelled).toBe(true);
});

test("an upload that ends early, breaks off, is longer or has other bytes never counts", async () => {
  const declared = { sha256, sizeBytes: bytes.length };
  const broken = new ReadableStream<Uint8Array>({
    pull(controller) {
      controller.enqueue(bytes.subarray(0, 4));
      controller.error(new Error("connection reset"));
    },
  });
  const failures = [
    await receiveUpload(layout, declared, body(bytes.subarray(0, 7))).catch((error) => error.code),
    await receiveUpload(layout, declared, broken).catch((error) => error.code),
    await receiveUpload(layout, declared, body(bytes, bytes)).catch((error) => error.code),
    await receiveUpload(layout, declared, body(Buffer.alloc(bytes.length))).catch((error) => error.code),
  ];
  expect(failures).toEqual(["upload_incomplete", "upload_incomplete", "upload_corrupt", "upload_corrupt"]);
  expect(readdirSync(layout.uploads)).toEqual([]);
});

test("the sweep takes cut uploads and archives that nobody needs, and only old ones", async () => {
  const path = await receiveUpload(layout, { sha256, sizeBytes: bytes.length }, body(bytes));
  for (const name of [".incoming-dead", "old.tar", "new.tar"])
    writeFileSync(join(layout.uploads, name), "12345");
  const old = new Date(1_000_000);
  for (const name of [".incoming-dead", "old.tar"]) utimesSync(join(layout.uploads, name), old, old);
  utimesSync(path, old, old);
  expect(await sweepUploads(layout, new Set([path]), 2_000_000)).toBe(10);
  expect(readdirSync(layout.uploads).sort()).toEqual([`${sha256}.tar`, "new.tar"]);
});
