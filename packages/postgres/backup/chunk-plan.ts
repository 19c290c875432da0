import { pageBytes } from "./page-checksum.ts";

/** Bytes of one file that a chunk takes, one after the other. */
export interface ChunkSource {
  /** Index in the plan's files. */
  file: number;
  offset: number;
  bytes: number;
}

/** Where each file's bytes are to be found, when the chunks of the plan are stored in order. */
export interface ChunkPlan {
  chunks: ChunkSource[][];
  /** By file: chunk's index in this plan, offset in it, length. */
  slices: [chunk: number, offset: number, bytes: number][][];
}

export const chunkBytes = 1024 * 1024;

/** What is to be stored of a file: its beginning, or some of its pages. */
export type WantedContent = { bytes: number } | { blocks: number[] };

/**
 * Cuts files into chunks of 1 MiB. A large file has its own chunks, so that the same content has the same name in the
 * next backup; what is smaller than a chunk, ends of files and single pages, shares chunks in the order of the files.
 */
export function planChunks(contents: WantedContent[]): ChunkPlan {
  const plan: ChunkPlan = { chunks: [], slices: contents.map(() => []) };
  let shared: ChunkSource[] = [];
  let sharedBytes = 0;
  const closeShared = (): void => {
    if (shared.length > 0) addChunk(plan, shared);
    shared = [];
    sharedBytes = 0;
  };
  const share = (source: ChunkSource): void => {
    if (sharedBytes + source.bytes > chunkBytes) closeShared();
    shared.push(source);
    sharedBytes += source.bytes;
  };
  contents.forEach((content, file) => {
    for (const [offset, bytes] of piecesOf(content)) {
      const source = { file, offset, bytes };
      // A file's slices stay in order: of a beginning only the last piece is short, and pages are all shared.
      if (bytes === chunkBytes && "bytes" in content) addChunk(plan, [source]);
      else share(source);
    }
  });
  closeShared();
  return plan;
}

function addChunk(plan: ChunkPlan, sources: ChunkSource[]): void {
  const chunk = plan.chunks.push(sources) - 1;
  let offset = 0;
  for (const source of sources) {
    plan.slices[source.file]!.push([chunk, offset, source.bytes]);
    offset += source.bytes;
  }
}

/** Stretches of at most a chunk. */
function piecesOf(content: WantedContent): [offset: number, bytes: number][] {
  const pieces: [number, number][] = [];
  if ("bytes" in content) {
    for (let at = 0; at < content.bytes; at += chunkBytes)
      pieces.push([at, Math.min(chunkBytes, content.bytes - at)]);
    return pieces;
  }
  for (const block of content.blocks) {
    const last = pieces.at(-1);
    if (last && last[0] + last[1] === block * pageBytes && last[1] < chunkBytes) last[1] += pageBytes;
    else pieces.push([block * pageBytes, pageBytes]);
  }
  return pieces;
}
