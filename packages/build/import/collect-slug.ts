import { lstatSync, readdirSync, readlinkSync } from "node:fs";
import { dirname, isAbsolute, join, relative } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { OutputInvalidError } from "../errors.ts";
import type { TreeEntry } from "./collect-tree.ts";
import { InsideResolver, isWithin } from "./inside-resolver.ts";

/** Repositories and what Vercel's build left; nothing that runs. */
const leftOut = new Set([".git", ".vercel"]);
/** Programs of the machine, which processes see at the same place: a Python environment links to its interpreter. */
const systemFolders = ["/usr", "/bin", "/sbin", "/lib", "/lib64"];

/**
 * The files of an app's services, sorted by path. A symlink is kept where it leads to another place among them, whether something stands
 * there or not, and where it leads to the machine's own programs, which every process sees. Any other is refused. No link is followed.
 *
 * @param root real path of the folder
 * @param seenAs where the build saw it
 * @throws OutputPathRefusedError (`output_path_refused`), OutputInvalidError (`output_invalid`)
 */
export async function collectSlug(root: string, seenAs: string): Promise<TreeEntry[]> {
  const resolver = new InsideResolver(root, seenAs);
  const entries: TreeEntry[] = [];
  await walk("");
  return entries.sort((one, other) => (one.path < other.path ? -1 : 1));

  async function walk(prefix: string): Promise<void> {
    // A node_modules has thousands of folders; others get their turn.
    await nextTurn();
    for (const item of readdirSync(join(root, prefix), { withFileTypes: true })) {
      const path = `${prefix}${item.name}`;
      const absolute = join(root, path);
      if (leftOut.has(path)) continue;
      if (item.isDirectory()) await walk(`${path}/`);
      else if (item.isSymbolicLink()) entries.push({ path, symlink: keptLink(absolute) });
      else if (item.isFile()) {
        entries.push({ path, file: absolute, executable: (lstatSync(absolute).mode & 0o111) !== 0 });
      } else {
        throw new OutputInvalidError(
          `${path} is neither a file nor a folder nor a link: it cannot be deployed`,
          {
            hint: "Remove it at the end of the build, by a script `heroku-cleanup`.",
          },
        );
      }
    }
  }

  function keptLink(absolute: string): string {
    const plain = readlinkSync(absolute);
    if (isAbsolute(plain) && systemFolders.some((folder) => isWithin(folder, plain))) return plain;
    const target = resolver.linkTarget(absolute);
    if (!isWithin(root, target)) resolver.refuse(absolute);
    return relative(dirname(absolute), target) || ".";
  }
}
