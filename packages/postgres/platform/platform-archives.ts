import { Archive } from "../archive/archive.ts";
import { ArchiveKey } from "../archive/archive-key.ts";
import { subTarget, type TargetSpec } from "../archive/archive-target.ts";
import { openTarget } from "../archive/open-target.ts";

/** No app's name begins with an underscore. */
const folder = "_platform";

/** The platform's own archives, sealed with its recovery key: of its database, and of files beside it. */
export function platformArchives(
  root: TargetSpec,
  recoveryKey: Uint8Array,
): { database: Archive; files: Archive } {
  const key = new ArchiveKey(recoveryKey);
  const open = (name: string) => new Archive(openTarget(subTarget(root, `${folder}/${name}`)), key);
  return { database: open("database"), files: open("files") };
}
