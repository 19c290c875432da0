import { expect, test } from "bun:test";
import { type BranchRoom, requireRoom } from "./branch-limits.ts";

const room: BranchRoom = {
  sourceBytes: 10,
  heldBytes: 20,
  limits: { sizeBytes: 10, totalBytes: 30 },
  disk: { freeBytes: 20, totalBytes: 200 },
  sharesBlocks: false,
};

test("a branch is made while it, all branches together and the disk stay within their limits", () => {
  requireRoom(room);
  expect(() => requireRoom({ ...room, sourceBytes: 11 })).toThrow("branches may have 10 B");
  expect(() => requireRoom({ ...room, heldBytes: 21 })).toThrow("All branches of the app together");
  const full = { ...room, disk: { freeBytes: 19, totalBytes: 200 } };
  expect(() => requireRoom(full)).toThrow("the disk has 19 B left");
  requireRoom({ ...full, sharesBlocks: true });
});
