import { expect, test } from "bun:test";
import { parseByteRanges } from "./byte-ranges.ts";

test.each<[string, number, [number, number][] | undefined]>([
  ["bytes=0-0", 10, [[0, 0]]],
  ["bytes=2-5", 10, [[2, 5]]],
  ["bytes=5-", 10, [[5, 9]]],
  ["bytes=-3", 10, [[7, 9]]],
  ["bytes=-99", 10, [[0, 9]]],
  ["bytes=5-99999999999999999999", 10, [[5, 9]]],
  [
    "BYTES = 1-2 , 4-4",
    10,
    [
      [1, 2],
      [4, 4],
    ],
  ],
  [
    "bytes=0-1,,8-9,",
    10,
    [
      [0, 1],
      [8, 9],
    ],
  ],
  [
    "bytes=8-9,0-1",
    10,
    [
      [8, 9],
      [0, 1],
    ],
  ],
  ["bytes=0-1,20-30", 10, [[0, 1]]],
  ["bytes=10-", 10, []],
  ["bytes=-0", 10, []],
  ["bytes=0-", 0, []],
  ["bytes=5-2", 10, undefined],
  ["bytes=", 10, undefined],
  ["bytes=,", 10, undefined],
  ["bytes=-", 10, undefined],
  ["bytes=a-b", 10, undefined],
  ["bytes=1", 10, undefined],
  ["items=0-1", 10, undefined],
  ["bytes=0-9,0-9", 10, undefined],
  [`bytes=${Array(17).fill("0-0").join(",")}`, 100, undefined],
])("%s of %d bytes", (header, sizeBytes, expected) => {
  expect(parseByteRanges(header, sizeBytes)).toEqual(expected?.map(([start, end]) => ({ start, end })));
});
