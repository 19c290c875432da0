import { type BranchLimits, formatSize } from "@evenkeel/model";
import { BranchTooLargeError } from "../errors.ts";
import { type DiskSpace, requireSpace } from "../server/free-space.ts";

export interface BranchRoom {
  sourceBytes: number;
  /** Of the app's branches that are there. */
  heldBytes: number;
  limits: BranchLimits;
  disk: DiskSpace;
  /** The copy takes no room at first. */
  sharesBlocks: boolean;
}

/**
 * Refuses a branch for which there is no room. Pure.
 *
 * @throws BranchTooLargeError DiskSpaceError
 */
export function requireRoom({ sourceBytes, heldBytes, limits, disk, sharesBlocks }: BranchRoom): void {
  const size = formatSize(sourceBytes);
  if (sourceBytes > limits.sizeBytes) {
    throw new BranchTooLargeError(
      `The database has ${size}, and branches may have ${formatSize(limits.sizeBytes)}`,
      {
        hint: "Raise the app's setting branchLimitBytes; or make a smaller database for previews to be copies of: evenkeel db create APP --env preview",
      },
    );
  }
  if (heldBytes + sourceBytes > limits.totalBytes) {
    throw new BranchTooLargeError(
      `All branches of the app together may have ${formatSize(limits.totalBytes)}; they have ${formatSize(heldBytes)}, and this one would add ${size}`,
      {
        hint: "Remove one that nobody needs (evenkeel db branches APP), or raise the app's setting branchTotalLimitBytes.",
      },
    );
  }
  requireSpace(disk, sharesBlocks ? 0 : sourceBytes, "A branch");
}
