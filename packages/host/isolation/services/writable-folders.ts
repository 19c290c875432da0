import { readdirSync } from "node:fs";
import { join } from "node:path";

/** More than an app has by hand; the layer in memory has room for them. */
const limit = 10_000;

/**
 * The folders of an app in which it may make files, relative: all but those of packages. A package's own place is `node_modules` itself
 * (`node_modules/.cache`).
 */
export function writableFolders(tree: string): string[] {
  const folders: string[] = [];
  walk("");
  return folders;

  function walk(prefix: string): void {
    for (const item of readdirSync(join(tree, prefix), { withFileTypes: true })) {
      if (!item.isDirectory() || folders.length >= limit) continue;
      const path = `${prefix}${item.name}`;
      folders.push(path);
      if (item.name !== "node_modules") walk(`${path}/`);
    }
  }
}
