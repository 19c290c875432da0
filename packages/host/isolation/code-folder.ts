import { closeSync, constants, fstatSync, openSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const fileLimitBytes = 16 * 1024 * 1024;
const totalLimitBytes = 64 * 1024 * 1024;

/**
 * Reads a folder of compiled code (`<version>/<file>`) that an app could write to: plain files only, no link followed, bounded. What is in
 * them is checked by Node when it uses them.
 */
export function readCodeFolder(folder: string): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  let totalBytes = 0;
  for (const version of readdirSync(folder, { withFileTypes: true })) {
    if (!version.isDirectory()) continue;
    for (const name of readdirSync(join(folder, version.name))) {
      const bytes = readPlainFile(join(folder, version.name, name));
      if (!bytes) continue;
      totalBytes += bytes.length;
      if (totalBytes > totalLimitBytes) return files;
      files.set(join(version.name, name), bytes);
    }
  }
  return files;
}

function readPlainFile(path: string): Uint8Array | undefined {
  let file: number;
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch {
    return undefined;
  }
  try {
    const { size } = fstatSync(file);
    if (!fstatSync(file).isFile() || size === 0 || size > fileLimitBytes) return undefined;
    return readFileSync(file);
  } finally {
    closeSync(file);
  }
}
