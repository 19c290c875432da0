import type { BackupManifest, ManifestFile, Slice } from "./backup-manifest.ts";
import type { BlockChanges } from "./block-changes.ts";
import type { WantedContent } from "./chunk-plan.ts";
import type { DataFile } from "./data-files.ts";
import { pageBytes } from "./page-checksum.ts";

/** What a backup does with one file. */
export interface FilePlan {
  file: DataFile;
  /** To be stored now. */
  content: WantedContent;
  /** Of the earlier backup, under the new content; its chunk numbers are the earlier manifest's. */
  kept: ManifestFile | undefined;
}

/** Beyond these a file is stored whole again: restoring applies every patch, and patches keep old chunks alive. */
const mostPatches = 7;
const largestPatchedShare = 0.3;

/** Decides for each file between its whole content and the pages that changed. Without `changes` all are whole. */
export function planFiles(
  files: DataFile[],
  previous: BackupManifest | undefined,
  changes: BlockChanges | undefined,
): FilePlan[] {
  const earlier = new Map(previous?.files.map((file) => [file.path, file]));
  return files.map((file) => {
    const whole = { file, content: { bytes: file.sizeBytes }, kept: undefined };
    const kept = earlier.get(file.path);
    if (!kept || !file.relation || !changes || file.sizeBytes === 0) return whole;
    const blocks = changes.ofFile(file.relation, file.sizeBytes, kept.sizeBytes);
    if (blocks === "all") return whole;
    const patched = (kept.patches ?? []).reduce((sum, patch) => sum + patch.blocks.length, blocks.length);
    const tooMany = (kept.patches?.length ?? 0) + 1 > mostPatches;
    if (blocks.length > 0 && (tooMany || patched * pageBytes > file.sizeBytes * largestPatchedShare))
      return whole;
    return { file, content: { blocks }, kept };
  });
}

/** The file's entry in the new manifest. @param renumber turns a chunk number of the earlier manifest into the new one's. */
export function fileEntry(
  plan: FilePlan,
  stored: Slice[],
  renumber: (chunk: number) => number,
): ManifestFile {
  const { path, sizeBytes } = plan.file;
  if (!plan.kept || !("blocks" in plan.content)) return { path, sizeBytes, slices: stored };
  const moved = (slices: Slice[]): Slice[] =>
    slices.map(([chunk, offset, bytes]) => [renumber(chunk), offset, bytes]);
  const patches = (plan.kept.patches ?? []).map((patch) => ({
    blocks: patch.blocks,
    slices: moved(patch.slices),
  }));
  if (plan.content.blocks.length > 0) patches.push({ blocks: plan.content.blocks, slices: stored });
  return { path, sizeBytes, slices: moved(plan.kept.slices), ...(patches.length > 0 ? { patches } : {}) };
}
