import { existsSync } from "node:fs";
import { lstat, readdir, rm, stat } from "node:fs/promises";
import { basename } from "node:path";
import { syncFolder } from "@evenkeel/disk";
import { functionTreePath, type HomeLayout, outputPath } from "@evenkeel/model";
import { StoreBusyError } from "../errors.ts";
import { acquireFileLock } from "../lock/file-lock.ts";
import { removeTree } from "../store/function-tree.ts";
import { listOutputs, type OutputSummary, readOutput } from "../store/read-output.ts";
import { readSlug } from "../store/slug-store.ts";
import { executableSuffix, stagingPath, storeLockPath, unfinishedTreePrefix } from "../store/store-layout.ts";
import { storedFiles } from "../store/stored-files.ts";

/** An import holds the store for seconds; one that takes longer is not worth blocking the next ones for. */
const lockLimitMs = 60_000;

export interface SweepResult {
  outputs: number;
  trees: number;
  files: number;
  freedBytes: number;
}

/**
 * Removes outputs, and then every tree and file that no output names, whoever left it. No import runs meanwhile. Manifests go first
 * and durably: after a crash at any point the outputs that exist are whole, and what is left over goes with the next sweep.
 * An output that was imported again since the plan was made stays.
 *
 * @throws StoreBusyError (`store_busy`) if imports hold the store for a minute
 */
export async function sweepArtifacts(layout: HomeLayout, remove: OutputSummary[]): Promise<SweepResult> {
  const lock = await acquireFileLock(storeLockPath(layout), "exclusive", { limitMs: lockLimitMs });
  if (lock === undefined) {
    throw new StoreBusyError("The artifact store could not be swept: imports are still running", {
      hint: "It is tried again at the next sweep.",
    });
  }
  try {
    const result: SweepResult = { outputs: 0, trees: 0, files: 0, freedBytes: 0 };
    await removeOutputs(layout, remove, result);
    const { trees, files, slugs } = await needed(layout);
    await removeSlugs(layout, slugs);
    await removeTrees(layout, trees, result);
    await removeFiles(layout, files, result);
    await removeEncodingRecords(layout);
    await rm(stagingPath(layout), { recursive: true, force: true });
    return result;
  } finally {
    lock.unlock();
  }
}

async function removeOutputs(
  layout: HomeLayout,
  remove: OutputSummary[],
  result: SweepResult,
): Promise<void> {
  for (const output of remove) {
    const path = outputPath(layout, output.id);
    const status = await stat(path).catch(() => undefined);
    if (status === undefined || status.mtimeMs > output.importedAtMs) continue;
    await rm(path);
    result.outputs++;
  }
  if (result.outputs > 0) syncFolder(layout.artifactOutputs);
}

async function needed(
  layout: HomeLayout,
): Promise<{ trees: Set<string>; files: Set<string>; slugs: Set<string> }> {
  const slugs = new Set<string>();
  const trees = new Set<string>();
  const files = new Set<string>();
  for (const { id } of await listOutputs(layout)) {
    const output = await readOutput(layout, id);
    for (const spec of Object.values(output.functionsById)) trees.add(spec.id);
    const slug = output.services && (await readSlug(layout, output.services.slug));
    if (slug) slugs.add(slug.id);
    for (const file of storedFiles(output, slug)) files.add(file.hash);
  }
  for (const slug of slugs) trees.add(slug);
  return { trees, files, slugs };
}

/** Before their trees and files: a list without its files would be believed. */
async function removeSlugs(layout: HomeLayout, keep: Set<string>): Promise<void> {
  for (const name of await namesIn(layout.artifactSlugs)) {
    if (!keep.has(basename(name, ".json"))) await rm(`${layout.artifactSlugs}/${name}`, { force: true });
  }
}

async function removeTrees(layout: HomeLayout, keep: Set<string>, result: SweepResult): Promise<void> {
  for (const name of await namesIn(layout.artifactTrees)) {
    if (keep.has(name)) continue;
    const path = functionTreePath(layout, name);
    if (name.startsWith(unfinishedTreePrefix)) await rm(path, { recursive: true, force: true });
    else {
      await removeTree(layout, path);
      result.trees++;
    }
  }
}

async function removeFiles(layout: HomeLayout, keep: Set<string>, result: SweepResult): Promise<void> {
  for (const folder of await namesIn(layout.artifactFiles)) {
    for (const hash of await namesIn(`${layout.artifactFiles}/${folder}`)) {
      if (keep.has(basename(hash, executableSuffix))) continue;
      const path = `${layout.artifactFiles}/${folder}/${hash}`;
      result.freedBytes += (await lstat(path)).size;
      await rm(path, { recursive: true });
      result.files++;
    }
  }
}

async function removeEncodingRecords(layout: HomeLayout): Promise<void> {
  const root = `${layout.artifacts}/encodings`;
  for (const folder of await namesIn(root)) {
    for (const name of await namesIn(`${root}/${folder}`)) {
      const hash = basename(name, ".json");
      if (!existsSync(`${layout.artifactFiles}/${folder}/${hash}`)) await rm(`${root}/${folder}/${name}`);
    }
  }
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}
