import { lstat, readdir, readlink, stat } from "node:fs/promises";
import {
  artifactFilePath,
  type FileHash,
  functionTreePath,
  type HomeLayout,
  type OutputId,
  outputPath,
} from "@evenkeel/model";
import { acquireFileLock } from "../lock/file-lock.ts";
import { hashFile } from "./file-intake.ts";
import { rebuildTree, type TreeSpec } from "./function-tree.ts";
import { outputIdOf } from "./output-id.ts";
import { readOutput } from "./read-output.ts";
import { readSlug } from "./slug-store.ts";
import { storeLockPath } from "./store-layout.ts";
import { storedFiles } from "./stored-files.ts";

export interface OutputFault {
  path: string;
  fault: "missing" | "wrong_size" | "wrong_bytes" | "tree_differs" | "manifest_differs";
}

/**
 * Reads every byte of an output and compares it with its hash, and the function trees with their files. No faults: the output is
 * whole. A tree that differs is reported, and built again where its files are sound.
 *
 * @throws OutputMissingError (`output_missing`)
 */
export async function verifyOutput(layout: HomeLayout, id: OutputId): Promise<OutputFault[]> {
  const lock = await acquireFileLock(storeLockPath(layout), "shared");
  try {
    const output = await readOutput(layout, id);
    const faults: OutputFault[] = [];
    const { id: _, ...content } = output;
    if (outputIdOf(content) !== id) faults.push({ path: outputPath(layout, id), fault: "manifest_differs" });
    const sizes = new Map<FileHash, number>();
    const slug = output.services && (await readSlug(layout, output.services.slug));
    for (const file of storedFiles(output, slug)) sizes.set(file.hash, file.sizeBytes);
    for (const [hash, sizeBytes] of sizes) {
      const path = artifactFilePath(layout, hash);
      const fault = await faultOf(path, hash, sizeBytes);
      if (fault) faults.push({ path, fault });
    }
    const sound = faults.length === 0;
    for (const spec of [...Object.values(output.functionsById), ...(slug ? [slug] : [])]) {
      const path = functionTreePath(layout, spec.id);
      if (await isTree(layout, path, spec)) continue;
      faults.push({ path, fault: "tree_differs" });
      if (sound) await rebuildTree(layout, spec);
    }
    return faults;
  } finally {
    lock?.unlock();
  }
}

async function faultOf(
  path: string,
  hash: FileHash,
  sizeBytes: number,
): Promise<OutputFault["fault"] | undefined> {
  const status = await lstat(path).catch(() => undefined);
  if (!status?.isFile()) return "missing";
  if (status.size !== sizeBytes) return "wrong_size";
  return (await hashFile(path, sizeBytes)) === hash ? undefined : "wrong_bytes";
}

async function isTree(layout: HomeLayout, path: string, spec: TreeSpec): Promise<boolean> {
  try {
    if ((await countFiles(path)) !== spec.tree.length) return false;
    for (const file of spec.tree) {
      const own = `${path}/${file.path}`;
      if ("symlink" in file) {
        if ((await readlink(own)) !== file.symlink) return false;
        continue;
      }
      const status = await lstat(own);
      const stored = await stat(artifactFilePath(layout, file.hash));
      if (!status.isFile() || status.size !== file.sizeBytes) return false;
      if (((status.mode & 0o111) !== 0) !== file.executable) return false;
      // A hard link to the store has its bytes; a copy is read.
      if (status.ino !== stored.ino && (await hashFile(own, status.size)) !== file.hash) return false;
    }
    return true;
  } catch {
    return false;
  }
}

/** Bun's recursive readdir goes through links, so the walk is our own. */
async function countFiles(folder: string): Promise<number> {
  let count = 0;
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    count += entry.isDirectory() ? await countFiles(`${folder}/${entry.name}`) : 1;
  }
  return count;
}
