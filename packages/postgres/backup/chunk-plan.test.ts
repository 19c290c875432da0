import { expect, test } from "bun:test";
import { chunkBytes, planChunks } from "./chunk-plan.ts";

test("large files have chunks of their own, the rest is shared, and every file's slices are in order", () => {
  const contents = [
    { bytes: 10 },
    { bytes: chunkBytes * 2 + 5 },
    { bytes: 0 },
    { blocks: [3, 4, 9] },
    { bytes: 7 },
  ];
  const plan = planChunks(contents);
  expect(plan.chunks.map((sources) => sources.map(({ file }) => file))).toEqual([[1], [1], [0, 1, 3, 3, 4]]);
  expect(plan.slices).toEqual([
    [[2, 0, 10]],
    [
      [0, 0, chunkBytes],
      [1, 0, chunkBytes],
      [2, 10, 5],
    ],
    [],
    [
      [2, 15, 16_384],
      [2, 15 + 16_384, 8_192],
    ],
    [[2, 15 + 24_576, 7]],
  ]);
  expect(plan.chunks[2]!.map(({ offset }) => offset)).toEqual([0, 2 * chunkBytes, 3 * 8_192, 9 * 8_192, 0]);
});

test("no chunk is larger than its limit, and all bytes are somewhere", () => {
  const contents = Array.from({ length: 300 }, (_, index) => ({ bytes: (index * 7_919) % 90_000 }));
  const plan = planChunks(contents);
  const sizes = plan.chunks.map((sources) => sources.reduce((sum, source) => sum + source.bytes, 0));
  expect(Math.max(...sizes)).toBeLessThanOrEqual(chunkBytes);
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(
    contents.reduce((sum, { bytes }) => sum + bytes, 0),
  );
});
