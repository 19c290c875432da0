/**
 * Says of a block of lines whether a text may stand in it, so that a search skips blocks without unpacking them.
 *
 * Of each 4 neighbouring four-byte grams the one with the smallest hash is kept (winnowing: Schleimer, Wilkerson, Aiken 2003): a
 * text of at least `shortestText` bytes, wherever it stands in the block, contains a whole such window and so a gram that was kept. Kept
 * grams go into a Bloom filter of two bits each. Words would make a smaller filter, but find only whole words.
 */
export const shortestText = 7;

const largestBits = 1 << 18;
const smallestBits = 1 << 10;
/** A filter is halved while less than this share of its bits would be set: then a gram is found by chance with its square. */
const fullest = 0.5;

const gramHash = (gram: number): number => Math.imul(gram ^ (gram >>> 15), 0x9e3779b1) >>> 0;

/** Hashes of the grams that stand for `bytes`, given one by one; may repeat. ASCII letters count as lower case. */
function winnow(bytes: Uint8Array, keep: (hash: number) => void): void {
  let gram = 0;
  let run = 0;
  let one = 0;
  let two = 0;
  let three = 0;
  let last = -1;
  for (let index = 0; index < bytes.length; index++) {
    let byte = bytes[index]!;
    // NUL ends a line: nothing that is looked for goes on past it.
    if (byte === 0) {
      run = 0;
      continue;
    }
    if (byte >= 65 && byte <= 90) byte |= 32;
    gram = ((gram << 8) | byte) >>> 0;
    if (++run < 4) continue;
    const four = gramHash(gram);
    if (run >= shortestText) {
      const a = one < two ? one : two;
      const b = three < four ? three : four;
      const least = a < b ? a : b;
      if (least !== last) {
        last = least;
        keep(least);
      }
    }
    one = two;
    two = three;
    three = four;
  }
}

const firstBit = (hash: number): number => Math.imul(hash ^ (hash >>> 16), 0x85ebca6b) >>> 0;
const secondBit = (hash: number): number => Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35) >>> 0;

/** The filter of a block; its length is a power of two. */
export function makeFilter(parts: Uint8Array[]): Uint8Array {
  let words: Uint32Array = new Uint32Array(largestBits / 32);
  const mask = largestBits - 1;
  for (const bytes of parts) {
    winnow(bytes, (hash) => {
      const one = firstBit(hash) & mask;
      const two = secondBit(hash) & mask;
      words[one >>> 5]! |= 1 << (one & 31);
      words[two >>> 5]! |= 1 << (two & 31);
    });
  }
  while (words.length * 32 > smallestBits) {
    const half = folded(words);
    if (countBits(half) > half.length * 32 * fullest) break;
    words = half;
  }
  return new Uint8Array(words.buffer, words.byteOffset, words.byteLength);
}

/** Bit positions are taken modulo the size, so a half is made by laying one half over the other. */
function folded(words: Uint32Array): Uint32Array {
  const half = words.slice(0, words.length / 2);
  for (let index = 0; index < half.length; index++) half[index]! |= words[index + half.length]!;
  return half;
}

function countBits(words: Uint32Array): number {
  let count = 0;
  for (let word of words) {
    word -= (word >>> 1) & 0x55555555;
    word = (word & 0x33333333) + ((word >>> 2) & 0x33333333);
    count += Math.imul((word + (word >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
  }
  return count;
}

/** What filters are asked for a text; empty where it is too short, and then says nothing. */
export function gramsOf(text: string): Uint32Array {
  const grams = new Set<number>();
  // Letters beyond ASCII have two cases that a search takes for one.
  for (const run of text.split(/[^\x01-\x7f]+/)) winnow(Buffer.from(run), (hash) => grams.add(hash));
  return Uint32Array.from(grams);
}

export function mayContain(filter: Uint8Array, grams: Uint32Array): boolean {
  const mask = filter.length * 8 - 1;
  for (const hash of grams) {
    const one = firstBit(hash) & mask;
    if ((filter[one >>> 3]! & (1 << (one & 7))) === 0) return false;
    const two = secondBit(hash) & mask;
    if ((filter[two >>> 3]! & (1 << (two & 7))) === 0) return false;
  }
  return true;
}
