import { expect, test } from "bun:test";
import type { FileHash, StaticFile } from "@evenkeel/model";
import { chooseVariant } from "./accepted-coding.ts";

const stored = (sizeBytes: number) => ({ hash: "0".repeat(64) as FileHash, sizeBytes });
const file: StaticFile = {
  ...stored(1_000),
  contentType: "text/css",
  encodings: { br: stored(300), zstd: stored(320), gzip: stored(350) },
};

test.each([
  [undefined, undefined],
  ["", undefined],
  ["gzip, deflate, br, zstd", "br"],
  ["gzip, deflate", "gzip"],
  ["x-gzip", "gzip"],
  ["GZIP;Q=1", "gzip"],
  ["br;q=0.5, gzip;q=0.9", "gzip"],
  ["br;q=0, *;q=0.1", "zstd"],
  ["*", "br"],
  ["identity", undefined],
  ["identity;q=0.5, gzip;q=0.4", undefined],
  ["identity;q=0.5, gzip", "gzip"],
  ["identity;q=0", undefined],
  ["identity;q=0, gzip;q=0.001", "gzip"],
  ["*;q=0", undefined],
  ["br;q=nonsense, gzip", "gzip"],
  ["br;q=-1", undefined],
  ["compress, deflate", undefined],
  [`br, ${"x".repeat(2_000)}`, undefined],
])("accept-encoding %p gets %p", (header, coding) => {
  expect(chooseVariant(file, header).coding).toBe(coding as never);
});

test("a file without variants is sent as it is", () => {
  const { encodings: _, ...plain } = file;
  expect(chooseVariant(plain, "br, gzip")).toEqual({ coding: undefined, stored: plain });
});
