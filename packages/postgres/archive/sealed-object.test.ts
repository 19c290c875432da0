import { expect, test } from "bun:test";
import { ArchiveKey } from "./archive-key.ts";
import { openObject, sealObject } from "./sealed-object.ts";

const key = ArchiveKey.generate();
const content = Buffer.from("orders: 7, 8, 9 ".repeat(1_000));
const sealed = sealObject(key, "wal/1", content);

test("a sealed object opens to its content, is smaller, and shows nothing of it", () => {
  expect(Buffer.from(openObject(key, "wal/1", sealed)).equals(content)).toBe(true);
  expect(sealed.length).toBeLessThan(content.length / 10);
  expect(Buffer.from(sealed).includes("orders")).toBe(false);
});

test("each flipped byte, each truncation and a change of name is damage", () => {
  for (let at = 0; at < sealed.length; at++) {
    const flipped = Buffer.from(sealed);
    flipped[at]! ^= 0x10;
    expect(() => openObject(key, "wal/1", flipped)).toThrow();
    expect(() => openObject(key, "wal/1", sealed.subarray(0, at))).toThrow();
  }
  expect(() => openObject(key, "wal/2", sealed)).toThrow(
    expect.objectContaining({ code: "archive_object_damaged" }),
  );
});

test("another key is named as such, not as damage", () => {
  const other = ArchiveKey.generate();
  expect(() => openObject(other, "wal/1", sealed)).toThrow(
    expect.objectContaining({ code: "archive_key_wrong", message: expect.stringContaining(key.id) }),
  );
});
