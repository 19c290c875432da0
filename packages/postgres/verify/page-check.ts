import { closeSync, openSync, readSync } from "node:fs";
import { join } from "node:path";
import { blocksPerSegment, listDataFiles, parseRelationFile } from "../backup/data-files.ts";
import { pageBytes, pageIsSound } from "../backup/page-checksum.ts";

export interface PageCheckTask {
  dataDir: string;
  path: string;
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

/** Verifies every page's checksum in a file of a stopped cluster. */
export function checkPages({ dataDir, path }: PageCheckTask): PageCheckResult {
  const relation = parseRelationFile(path)!;
  const file = openSync(join(dataDir, path), "r");
  const result: PageCheckResult = { pages: 0, damaged: [] };
  try {
    const buffer = Buffer.alloc(stepBytes);
    for (let at = 0; ; ) {
      const read = readSync(file, buffer, 0, stepBytes, at);
      for (let offset = 0; offset + pageBytes <= read; offset += pageBytes) {
        const block = relation.segment * blocksPerSegment + (at + offset) / pageBytes;
        if (!pageIsSound(buffer.subarray(offset, offset + pageBytes), block, never)) {
          result.damaged.push(`${path} block ${block}`);
        }
        result.pages++;
      }
      if (read < pageBytes) return result;
      at += read - (read % pageBytes);
    }
  } finally {
    closeSync(file);
  }
}
