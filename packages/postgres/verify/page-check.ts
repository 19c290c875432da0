import { closeSync, openSync, readSync } from "node:fs";
import { join } from "node:path";
import { blocksPerSegment, listDataFiles, parseRelationFile } from "../backup/data-files.ts";
import { pageBytes, pageIsSound } from "../backup/page-checksum.ts";

export interface PageCheckTask {
  dataDir: string;
  path: string;
  /** Of a serving cluster: its position when the check began, as decimal. Pages that are younger are being written. */
  servingSince?: string;
}

export interface PageCheckResult {
  pages: number;
  damaged: string[];
}

const stepBytes = 1024 * 1024;
/** No page is younger: of a stopped cluster every page must be right. */
const never = 2n ** 64n;

export const relationFiles = (dataDir: string): string[] =>
  listDataFiles(dataDir)
    .files.filter((file) => file.relation !== undefined)
    .map((file) => file.path);

/** A page may be read while the server writes it, so a wrong one is read again before it is called damaged. */
const attempts = 5;

/** Verifies every page's checksum in a file. One that is gone was dropped meanwhile. */
export function checkPages({ dataDir, path, servingSince }: PageCheckTask): PageCheckResult {
  const relation = parseRelationFile(path)!;
  const result: PageCheckResult = { pages: 0, damaged: [] };
  const since = servingSince === undefined ? never : BigInt(servingSince);
  let file: number;
  try {
    file = openSync(join(dataDir, path), "r");
  } catch (error) {
    if (servingSince !== undefined && (error as NodeJS.ErrnoException).code === "ENOENT") return result;
    throw error;
  }
  try {
    const buffer = Buffer.alloc(stepBytes);
    for (let at = 0; ; ) {
      const read = readSync(file, buffer, 0, stepBytes, at);
      for (let offset = 0; offset + pageBytes <= read; offset += pageBytes) {
        const block = relation.segment * blocksPerSegment + (at + offset) / pageBytes;
        const page = buffer.subarray(offset, offset + pageBytes);
        let sound = pageIsSound(page, block, since);
        for (let attempt = 1; !sound && servingSince !== undefined && attempt < attempts; attempt++) {
          Bun.sleepSync(2 ** attempt);
          // Truncated meanwhile.
          sound =
            readSync(file, page, 0, pageBytes, at + offset) < pageBytes || pageIsSound(page, block, since);
        }
        if (!sound) result.damaged.push(`${path} block ${block}`);
        result.pages++;
      }
      if (read < pageBytes) return result;
      at += read - (read % pageBytes);
    }
  } finally {
    closeSync(file);
  }
}
