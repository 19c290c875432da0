import { randomBytes } from "node:crypto";
import { chmodSync, readFileSync, readlinkSync, renameSync, statSync, symlinkSync } from "node:fs";
import { basename, join } from "node:path";

/**
 * Does what the npm package's install script would: makes the symbolic links that npm cannot pack
 * (`libpq.so.5` → `libpq.so.5.18`, listed in `pg-symlinks.json`) and programs executable. What is right is left
 * alone, so a completed folder may be read-only; wrong links are replaced by a rename, so that a starting server
 * misses no library meanwhile.
 */
export function completePackage(native: string): void {
  const links = JSON.parse(readFileSync(join(native, "pg-symlinks.json"), "utf8")) as {
    source: string;
    target: string;
  }[];
  for (const { source, target } of links) {
    const link = join(native, "..", target);
    const to = basename(source);
    if (currentTarget(link) === to) continue;
    const temporary = `${link}.tmp-${process.pid}-${randomBytes(4).toString("hex")}`;
    symlinkSync(to, temporary);
    renameSync(temporary, link);
  }
  for (const program of ["postgres", "initdb"]) {
    const path = join(native, "bin", program);
    if ((statSync(path).mode & 0o555) !== 0o555) chmodSync(path, 0o755);
  }
}

function currentTarget(link: string): string | undefined {
  try {
    return readlinkSync(link);
  } catch {
    return undefined;
  }
}
