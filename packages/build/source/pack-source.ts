import { createReadStream, createWriteStream, realpathSync } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { createZstdCompress } from "node:zlib";
import type { FileHash } from "@evenkeel/model";
import { pack as packTar } from "tar-stream";
import { SourceUnreadableError } from "../errors.ts";
import { hashFile } from "../store/file-intake.ts";
import { packEnvSchema } from "./pack-env-schema.ts";
import { selectPrebuilt } from "./select-prebuilt.ts";
import { checkLinks, type SourceItem, selectSource } from "./select-source.ts";
import { type SourceLimits, SourceMeter } from "./source-limits.ts";

/** Files up to this size are read at once. */
const wholeReadBytes = 1024 * 1024;

export interface PackOptions {
  /**
   * Packs `.vercel/output`, what its functions' `filePathMap`s name, and what a deploy reads beside it (migrations, flags, the schema of
   * variables, with a Procfile the whole source), instead of the source.
   */
  prebuilt?: boolean;
  limits?: Partial<SourceLimits>;
}

export interface PackedSource {
  /** A tar, compressed with zstd. */
  path: string;
  sha256: FileHash;
  sizeBytes: number;
  fileCount: number;
  unpackedBytes: number;
}

/**
 * Snapshots `folder` into the archive `archivePath`, leaving out what .gitignore, .vercelignore, .evenkeelignore and Vercel's own list
 * name. Times and owners are left out and the order is fixed, so the same tree makes the same archive.
 *
 * @throws SourceTooLargeError, SourceEntryRefusedError, SourceUnreadableError; with `prebuilt` BuildWithoutOutputError, EnvSchemaUnreadableError
 */
export async function packSource(
  folder: string,
  archivePath: string,
  options: PackOptions = {},
): Promise<PackedSource> {
  const root = realpathSync(folder);
  const items = checkLinks(
    options.prebuilt ? [...selectPrebuilt(root), ...(await packEnvSchema(root))] : selectSource(root),
  );
  const meter = new SourceMeter(options.limits);
  for (const item of items) meter.count(item.path, "symlink" in item ? 0 : item.sizeBytes);

  const tar = packTar();
  const writing = pipeline(tar, createZstdCompress(), createWriteStream(archivePath, { mode: 0o600 }));
  const filling = (async () => {
    for (const item of items) await add(tar, root, item);
    tar.finalize();
  })().catch((error: Error) => {
    tar.destroy(error);
    throw error;
  });
  await Promise.all([filling, writing]);

  const { size: sizeBytes } = await stat(archivePath);
  return {
    path: archivePath,
    sha256: await hashFile(archivePath, sizeBytes),
    sizeBytes,
    fileCount: meter.fileCount,
    unpackedBytes: meter.totalBytes,
  };
}

async function add(tar: ReturnType<typeof packTar>, root: string, item: SourceItem): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const done = (error?: Error | null) => (error ? reject(error) : resolve());
  const mtime = new Date(0);
  if ("symlink" in item) {
    tar.entry({ name: item.path, type: "symlink", linkname: item.symlink, mtime }, done);
    return promise;
  }
  const mode = item.executable ? 0o755 : 0o644;
  const absolute = `${root}/${item.path}`;
  try {
    if (item.content || item.sizeBytes <= wholeReadBytes) {
      const bytes = item.content ? Buffer.from(item.content) : await readFile(absolute);
      tar.entry({ name: item.path, mode, mtime }, bytes, done);
    } else {
      const entry = tar.entry({ name: item.path, mode, mtime, size: item.sizeBytes }, done);
      // Read to the size that was declared, and no further when the file grows meanwhile.
      await pipeline(createReadStream(absolute, { end: item.sizeBytes - 1 }), entry);
    }
    await promise;
  } catch (cause) {
    promise.catch(() => {});
    throw new SourceUnreadableError(
      `The file ${JSON.stringify(item.path)} cannot be read: ${(cause as Error).message}`,
      {
        hint: "It may have changed while it was packed; deploy again.",
        cause,
      },
    );
  }
}
