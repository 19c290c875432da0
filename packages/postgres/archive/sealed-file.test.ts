import { afterAll, beforeAll, expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ArchiveKey } from "./archive-key.ts";
import { openSealedFile, sealIntoFile } from "./sealed-file.ts";

const key = ArchiveKey.generate();
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "ek-sealed-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function seal(pieces: Uint8Array[]): Promise<string> {
  const path = join(folder, randomBytes(4).toString("hex"));
  const file = openSync(path, "wx");
  await sealIntoFile(
    key,
    file,
    (async function* () {
      yield* pieces;
    })(),
  );
  closeSync(file);
  return path;
}

const opened = (path: string, by = key): Buffer => Buffer.concat([...openSealedFile(by, path)]);

test("what is sealed in pieces of any size comes out again, and stands nowhere in the file", async () => {
  const content = Buffer.concat([randomBytes(9_000_000), Buffer.from("a customer's name")]);
  const path = await seal([content.subarray(0, 1), content.subarray(1, 70_000), content.subarray(70_000)]);
  expect(opened(path).equals(content)).toBe(true);
  expect(readFileSync(path).includes("customer")).toBe(false);
  expect(opened(await seal([])).length).toBe(0);
});

test("a flipped bit, a missing end, parts of another file and a wrong key are refused", async () => {
  const path = await seal([randomBytes(5_000_000)]);
  const sound = readFileSync(path);
  const refused = (content: Buffer, code: string) => {
    writeFileSync(path, content);
    expect(() => opened(path)).toThrow(expect.objectContaining({ code }));
  };
  const flipped = Buffer.from(sound);
  flipped[1_000]! ^= 1;
  refused(flipped, "archive_object_damaged");
  // Without the last part, which is empty.
  const other = readFileSync(await seal([randomBytes(10)]));
  const emptyPart = readFileSync(await seal([])).length - 20;
  refused(sound.subarray(0, sound.length - emptyPart), "archive_object_damaged");
  refused(sound.subarray(0, 10), "archive_object_damaged");
  refused(Buffer.concat([sound.subarray(0, 20), other.subarray(20)]), "archive_object_damaged");
  refused(randomBytes(100), "archive_object_damaged");
  writeFileSync(path, sound);
  expect(() => opened(path, ArchiveKey.generate())).toThrow(
    expect.objectContaining({ code: "archive_key_wrong" }),
  );
});
