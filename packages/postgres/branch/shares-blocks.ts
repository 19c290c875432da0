import { constants, copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Whether copies within `folder` share their blocks with the original: XFS, btrfs, APFS, ZFS. */
export function sharesBlocks(folder: string): boolean {
  const probe = mkdtempSync(join(folder, ".clone-"));
  try {
    writeFileSync(join(probe, "one"), Buffer.alloc(8_192, 1));
    copyFileSync(join(probe, "one"), join(probe, "two"), constants.COPYFILE_FICLONE_FORCE);
    return true;
  } catch {
    return false;
  } finally {
    rmSync(probe, { recursive: true, force: true });
  }
}
