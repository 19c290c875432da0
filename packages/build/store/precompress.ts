import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip, zstdCompress } from "node:zlib";
import type { ContentCoding, HomeLayout, StoredFile } from "@evenkeel/model";
import compressible from "compressible";
import type { FileIntake } from "./file-intake.ts";
import { encodingRecordPath } from "./store-layout.ts";
import { Turns } from "./turns.ts";

const smallestBytes = 1024;
/** Compressing needs the file and its results in memory. */
const largestBytes = 64 * 1024 * 1024;
/** An encoding is kept where it saves at least this much. */
const leastSaving = 0.05;

/** Of all imports together: each holds a file and its forms in memory. */
const turns = new Turns(4);

/** Part of every record: other settings make other records. */
const scheme = "br9-5,zstd12,gzip6";

/**
 * Measured on 100 KB of JavaScript, one core: brotli 11 85 ms for 22.6 KB, brotli 9 2.7 ms for 24.1 KB, brotli 5 1.7 ms for 24.3 KB,
 * zstd 19 18 ms for 24.0 KB, zstd 12 3.2 ms for 24.7 KB. The highest levels cost thirty times more for 6 %.
 */
const coders: Record<ContentCoding, (bytes: Uint8Array) => Promise<Uint8Array>> = {
  br: (bytes) =>
    promisify(brotliCompress)(bytes, {
      params: {
        [constants.BROTLI_PARAM_QUALITY]: bytes.length <= 1024 * 1024 ? 9 : 5,
        [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
      },
    }),
  zstd: (bytes) => promisify(zstdCompress)(bytes, { params: { [constants.ZSTD_c_compressionLevel]: 12 } }),
  gzip: (bytes) => promisify(gzip)(bytes, { level: 6 }),
};

export type Encodings = Partial<Record<ContentCoding, StoredFile>>;

interface EncodingRecord {
  scheme: string;
  encodings: Encodings;
}

/** The precompressed forms of a file, from an earlier import where there was one. */
export async function precompress(
  layout: HomeLayout,
  intake: FileIntake,
  file: StoredFile,
  contentType: string,
): Promise<Encodings | undefined> {
  if (file.sizeBytes < smallestBytes || file.sizeBytes > largestBytes || !compressible(contentType)) {
    return undefined;
  }
  const encodings =
    (await recorded(layout, intake, file)) ?? (await turns.run(() => encode(layout, intake, file)));
  return Object.keys(encodings).length > 0 ? encodings : undefined;
}

async function recorded(
  layout: HomeLayout,
  intake: FileIntake,
  file: StoredFile,
): Promise<Encodings | undefined> {
  try {
    const record = JSON.parse(
      await readFile(encodingRecordPath(layout, file.hash), "utf8"),
    ) as EncodingRecord;
    if (record.scheme !== scheme) return undefined;
    const present = await Promise.all(
      Object.values(record.encodings).map((stored) => intake.isStored(stored)),
    );
    return present.every(Boolean) ? record.encodings : undefined;
  } catch {
    // No record, or half of one after a loss of power: it is only a memory of work that can be done again.
    return undefined;
  }
}

async function encode(layout: HomeLayout, intake: FileIntake, file: StoredFile): Promise<Encodings> {
  const bytes = await intake.read(file.hash);
  const encodings: Encodings = {};
  for (const coding of Object.keys(coders) as ContentCoding[]) {
    const encoded = await coders[coding](bytes);
    if (encoded.length <= bytes.length * (1 - leastSaving))
      encodings[coding] = await intake.addBytes(encoded);
  }
  const path = encodingRecordPath(layout, file.hash);
  const temporary = `${path}.${crypto.randomUUID()}`;
  await mkdir(dirname(path), { recursive: true });
  await writeFile(temporary, JSON.stringify({ scheme, encodings } satisfies EncodingRecord));
  await rename(temporary, path);
  return encodings;
}
