import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";

/** Sum of the files' sizes in bytes, shared blocks included. Files that vanish meanwhile count as nothing. */
export function directorySize(folder: string): number {
  let bytes = 0;
  for (const name of readdirSync(folder, { recursive: true }) as string[]) {
    const status = statSync(join(folder, name), { throwIfNoEntry: false });
    if (status?.isFile()) bytes += status.size;
  }
  return bytes;
}
