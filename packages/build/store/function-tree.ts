import { chmodSync, constants, existsSync, linkSync, mkdirSync, symlinkSync } from "node:fs";
import { chmod, copyFile, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { artifactFilePath, type FunctionSpec, functionTreePath, type HomeLayout } from "@evenkeel/model";
import { makeDurable } from "./make-durable.ts";
import { unfinishedTreePrefix } from "./store-layout.ts";

/** Links made before other work gets its turn. */
const linksAtOnce = 500;

/**
 * Makes the folders of functions' files stand at `artifacts/trees/<id>`: hard links to the store, read-only. They get their names when
 * they are whole and durable, so a folder of that name is always complete. All are made durable at once: one by one, the 14 trees of a
 * Next.js app waited 14 times for the disk.
 *
 * @param again builds them anew even where they stand
 */
export async function ensureFunctionTrees(
  layout: HomeLayout,
  specs: FunctionSpec[],
  options: { again?: boolean; signal?: AbortSignal } = {},
): Promise<void> {
  const lacking = specs.filter(({ id }) => options.again || !existsSync(functionTreePath(layout, id)));
  if (lacking.length === 0) return;
  const unfinished = new Map<FunctionSpec, string>();
  const made: string[] = [];
  try {
    for (const spec of lacking) {
      options.signal?.throwIfAborted();
      const folder = `${layout.artifactTrees}/${unfinishedTreePrefix}${spec.id}-${crypto.randomUUID()}`;
      unfinished.set(spec, folder);
      made.push(...(await fill(layout, spec, folder)));
    }
    await makeDurable(layout.artifactTrees, made);
    for (const [spec, folder] of unfinished) {
      const path = functionTreePath(layout, spec.id);
      if (options.again) await removeTree(layout, path);
      await rename(folder, path).catch((error: NodeJS.ErrnoException) => {
        // Another import was faster; its tree is the same.
        if (error.code !== "ENOTEMPTY" && error.code !== "EEXIST") throw error;
      });
    }
    await makeDurable(layout.artifactTrees, [layout.artifactTrees]);
  } finally {
    for (const folder of unfinished.values()) await rm(folder, { recursive: true, force: true });
  }
}

/** Takes the name away first: a crash must not leave a part of a tree under the name of a whole one. */
export async function removeTree(layout: HomeLayout, path: string): Promise<void> {
  if (!existsSync(path)) return;
  const dying = `${layout.artifactTrees}/${unfinishedTreePrefix}${crypto.randomUUID()}`;
  await rename(path, dying);
  await rm(dying, { recursive: true, force: true });
}

async function fill(layout: HomeLayout, spec: FunctionSpec, folder: string): Promise<string[]> {
  const folders = new Set<string>();
  const makeFolder = (path: string) => {
    if (folders.has(path)) return;
    mkdirSync(path, { recursive: true });
    for (let made = path; made.length >= folder.length && !folders.has(made); made = dirname(made))
      folders.add(made);
  };
  const copies: string[] = [];
  makeFolder(folder);
  for (const [index, file] of spec.tree.entries()) {
    if (index % linksAtOnce === linksAtOnce - 1) await new Promise((resolve) => setImmediate(resolve));
    const target = `${folder}/${file.path}`;
    makeFolder(dirname(target));
    if ("symlink" in file) {
      symlinkSync(file.symlink, target);
      continue;
    }
    const stored = artifactFilePath(layout, file.hash);
    // All links to a file share its permission bits, so an executable needs an inode of its own.
    if (file.executable || !tryLink(stored, target)) {
      await copyFile(stored, target, constants.COPYFILE_FICLONE);
      await chmod(target, file.executable ? 0o555 : 0o444);
      copies.push(target);
    }
  }
  // Functions run as other users; the platform's umask may be 077.
  if ((process.umask() & 0o055) !== 0) for (const path of folders) chmodSync(path, 0o755);
  return [...copies, ...folders];
}

function tryLink(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    // ext4 allows 65,000 names of one file.
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "EMLINK" || code === "EPERM") return false;
    throw error;
  }
}
