import { constants, existsSync, linkSync, mkdirSync, symlinkSync } from "node:fs";
import { chmod, copyFile, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { artifactFilePath, type FunctionSpec, functionTreePath, type HomeLayout } from "@evenkeel/model";
import { makeDurable } from "./make-durable.ts";
import { unfinishedTreePrefix } from "./store-layout.ts";

/** Links made before other work gets its turn. */
const linksAtOnce = 500;

/**
 * Makes the folder of a function's files stand at `artifacts/trees/<id>`: hard links to the store, read-only. It gets its name
 * when it is whole and durable, so a folder of that name is always complete.
 *
 * @param again builds it anew even where it stands
 */
export async function ensureFunctionTree(
  layout: HomeLayout,
  spec: FunctionSpec,
  options: { again?: boolean } = {},
): Promise<void> {
  const path = functionTreePath(layout, spec.id);
  if (!options.again && existsSync(path)) return;
  const unfinished = `${layout.artifactTrees}/${unfinishedTreePrefix}${spec.id}-${crypto.randomUUID()}`;
  try {
    await makeDurable(layout.artifactTrees, await fill(layout, spec, unfinished));
    if (options.again) await removeTree(layout, path);
    await rename(unfinished, path).catch((error: NodeJS.ErrnoException) => {
      // Another import was faster; its tree is the same.
      if (error.code !== "ENOTEMPTY" && error.code !== "EEXIST") throw error;
    });
    await makeDurable(layout.artifactTrees, [layout.artifactTrees]);
  } finally {
    await rm(unfinished, { recursive: true, force: true });
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
