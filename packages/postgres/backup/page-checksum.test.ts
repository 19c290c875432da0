import { expect, test } from "bun:test";
import { pageBytes, pageChecksum, pageIsSound } from "./page-checksum.ts";

/** A page as the server would write it; the tests on real clusters prove that the algorithm is PostgreSQL's. */
function page(block: number): Uint8Array {
  const bytes = new Uint8Array(pageBytes).map((_, index) => (index * 7) & 0xff);
  const words = new Int32Array(bytes.buffer);
  words[0] = 0;
  words[1] = 0x1000;
  words[2] = (words[2]! & 0xffff_0000) | pageChecksum(words, block);
  return bytes;
}

test("a changed bit, or a page in another's place, is not sound", () => {
  expect(pageIsSound(page(5), 5, 0x2000n)).toBe(true);
  expect(pageIsSound(page(5), 6, 0x2000n)).toBe(false);
  const flipped = page(5);
  flipped[4_000]! ^= 1;
  expect(pageIsSound(flipped, 5, 0x2000n)).toBe(false);
});

test("a torn page that recovery will replace is sound, and so is one that was never written", () => {
  const torn = page(5);
  torn[4_000]! ^= 1;
  expect(pageIsSound(torn, 5, 0x1000n)).toBe(true);
  expect(pageIsSound(new Uint8Array(pageBytes), 5, 0x2000n)).toBe(true);
});

test("a page may stand at any byte of a buffer", () => {
  const odd = new Uint8Array(pageBytes + 3);
  odd.set(page(9), 3);
  expect(pageIsSound(odd.subarray(3), 9, 0x2000n)).toBe(true);
});
