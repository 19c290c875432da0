import { lstat, opendir } from "node:fs/promises";

/**
 * Bytes that a folder takes on disk, as `du` counts them; what vanishes meanwhile is not counted. Files with several names count
 * with each of them.
 */
export async function folderBytes(folder: string): Promise<number> {
  let bytes = 0;
  const entries = await opendir(folder).catch(() => undefined);
  if (entries === undefined) return 0;
  try {
    for await (const entry of entries) {
      const path = `${folder}/${entry.name}`;
      if (entry.isDirectory()) bytes += await folderBytes(path);
      else bytes += ((await lstat(path).catch(() => undefined))?.blocks ?? 0) * 512;
    }
  } catch {
    // Removed while it was read.
  }
  return bytes;
}
