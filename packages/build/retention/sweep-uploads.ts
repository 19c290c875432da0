import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { HomeLayout } from "@evenkeel/model";

/**
 * Removes archives and cut uploads that nobody wrote to since `beforeMs`, except those whose paths the caller still needs.
 *
 * @returns the bytes that became free
 */
export async function sweepUploads(
  layout: HomeLayout,
  needed: ReadonlySet<string>,
  beforeMs: number,
): Promise<number> {
  const names = await readdir(layout.uploads).catch(() => []);
  let freedBytes = 0;
  for (const name of names) {
    const path = join(layout.uploads, name);
    const status = await stat(path).catch(() => undefined);
    if (status === undefined || status.mtimeMs >= beforeMs || needed.has(path)) continue;
    await rm(path, { force: true });
    freedBytes += status.size;
  }
  return freedBytes;
}
