import { expect, test } from "bun:test";
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { acceptedCodings, compress, isCompressible } from "./content-coding.ts";

test("codings are taken by the client's weights, brotli first among equals", () => {
  expect(acceptedCodings("gzip, deflate, br, zstd")).toEqual(["br", "gzip"]);
  expect(acceptedCodings("br;q=0.5, gzip")).toEqual(["gzip", "br"]);
  expect(acceptedCodings("*, br;q=0")).toEqual(["gzip"]);
  expect(acceptedCodings("identity")).toEqual([]);
  expect(acceptedCodings(undefined)).toEqual([]);
});

test("text is compressible, pictures are not", () => {
  for (const type of [
    "text/html; charset=utf-8",
    "text/x-component",
    "application/json",
    "application/rss+xml",
  ]) {
    expect(isCompressible(type)).toBe(true);
  }
  for (const type of ["image/png", "application/octet-stream", "video/mp4"])
    expect(isCompressible(type)).toBe(false);
});

test("what was compressed is the same after decompression", async () => {
  const bytes = Buffer.from("evenkeel ".repeat(500));
  expect(brotliDecompressSync(await compress(bytes, "br")).equals(bytes)).toBe(true);
  expect(gunzipSync(await compress(bytes, "gzip")).equals(bytes)).toBe(true);
});
