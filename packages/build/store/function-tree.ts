import { chmodSync, constants, existsSync, linkSync, mkdirSync, symlinkSync } from "node:fs";
import { chmod, copyFile, mkdir, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import {
  artifactFilePath,
  type FileHash,
  type FunctionFile,
  type FunctionId,
  functionTreePath,
  type HomeLayout,
  type SlugId,
} from "@evenkeel/model";
import { makeDurable } from "./make-durable.ts";
import { executableSuffix, unfinishedTreePrefix } from "./store-layout.ts";

/** What a tree is made of: a function, or the slug of an app's services. */
export interface TreeSpec {
  id: FunctionId | SlugId;
  tree: FunctionFile[];
}

/** Links made before other work gets its turn. */
const linksAtOnce = 500;

/**
 * The folders of functions' files at `artifacts/trees/<id>`: hard links to the store, read-only. `fill` makes what lacks under other
 * names; once that is durable, `publish` gives the names. So a folder of that name is always complete, and a whole import waits for
 * the disk once. Making folders is what takes the time (0.5 ms each on a large ext4, a link 15 µs): Next.js apps have a thousand.
 */
export class FunctionTrees {
  private readonly unfinished = new Map<TreeSpec["id"], string>();

  /** @param pathOf where the bytes of a file stand now */
  constructor(
    private readonly layout: HomeLayout,
    private readonly pathOf: (hash: FileHash) => string,
  ) {}

  /** @returns what must be durable before `publish` */
  async fill(specs: TreeSpec[], signal?: AbortSignal): Promise<string[]> {
    const made: string[] = [];
    for (const spec of specs) {
      signal?.throwIfAborted();
      if (existsSync(functionTreePath(this.layout, spec.id))) continue;
      const folder = `${this.layout.artifactTrees}/${unfinishedTreePrefix}${spec.id}-${crypto.randomUUID()}`;
      this.unfinished.set(spec.id, folder);
      for (const path of await fillTree(this.layout, spec, folder, this.pathOf)) made.push(path);
    }
    return made;
  }

  async publish(): Promise<void> {
    if (this.unfinished.size === 0) return;
    for (const [id, folder] of this.unfinished) {
      await rename(folder, functionTreePath(this.layout, id)).catch((error: NodeJS.ErrnoException) => {
        // Another import was faster; its tree is the same.
        if (error.code !== "ENOTEMPTY" && error.code !== "EEXIST") throw error;
      });
    }
    await makeDurable(this.layout.artifactTrees, [this.layout.artifactTrees]);
  }

  /** Removes what was not published. */
  async end(): Promise<void> {
    for (const folder of this.unfinished.values()) await rm(folder, { recursive: true, force: true });
  }
}

/** Makes one tree anew from the store, also where one stands. */
export async function rebuildTree(layout: HomeLayout, spec: TreeSpec): Promise<void> {
  await removeTree(layout, functionTreePath(layout, spec.id));
  const trees = new FunctionTrees(layout, (hash) => artifactFilePath(layout, hash));
  try {
    await makeDurable(layout.artifactTrees, await trees.fill([spec]));
    await trees.publish();
  } finally {
    await trees.end();
  }
}

/** Takes the name away first: a crash must not leave a part of a tree under the name of a whole one. */
export async function removeTree(layout: HomeLayout, path: string): Promise<void> {
  if (!existsSync(path)) return;
  const dying = `${layout.artifactTrees}/${unfinishedTreePrefix}${crypto.randomUUID()}`;
  await rename(path, dying);
  await rm(dying, { recursive: true, force: true });
}

async function fillTree(
  layout: HomeLayout,
  spec: TreeSpec,
  folder: string,
  pathOf: (hash: FileHash) => string,
): Promise<string[]> {
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
    const stored = pathOf(file.hash);
    const source = file.executable ? await executableOf(layout, file.hash, stored) : stored;
    if (tryLink(source, target)) continue;
    await copyFile(stored, target, constants.COPYFILE_FICLONE);
    await chmod(target, file.executable ? 0o555 : 0o444);
    copies.push(target);
  }
  // Functions run as other users; the platform's umask may be 077.
  if ((process.umask() & 0o055) !== 0) for (const path of folders) chmodSync(path, 0o755);
  return [...copies, ...folders];
}

/** All links to a file share its permission bits, so what is executable anywhere is kept a second time, once for all trees. */
async function executableOf(layout: HomeLayout, hash: FileHash, stored: string): Promise<string> {
  const path = `${artifactFilePath(layout, hash)}${executableSuffix}`;
  if (existsSync(path)) return path;
  const temporary = `${path}-${crypto.randomUUID()}`;
  await mkdir(dirname(path), { recursive: true });
  await copyFile(stored, temporary, constants.COPYFILE_FICLONE);
  await chmod(temporary, 0o555);
  // Its name stands for whole, durable bytes, as every name in the store.
  await makeDurable(dirname(path), [temporary]);
  await rename(temporary, path);
  return path;
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
