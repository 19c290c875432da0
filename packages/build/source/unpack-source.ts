import {
  closeSync,
  createReadStream,
  fchmodSync,
  mkdirSync,
  openSync,
  readSync,
  symlinkSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import { type Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip, createZstdDecompress } from "node:zlib";
import { EvenkeelError } from "@evenkeel/model";
import { type Entry, extract } from "tar-stream";
import { SourceUnreadableError } from "../errors.ts";
import { storeError } from "../store/make-durable.ts";
import { checkLinkTarget, entryPath, refuseEntry } from "./entry-rules.ts";
import { type SourceLimits, SourceMeter } from "./source-limits.ts";

/**
 * Unpacks a tar (plain, gzip or zstd) into `folder`, which must not exist or be empty. Nothing is written outside it: names are checked,
 * nothing is written through a link, and nothing is written twice. Only the executable bit of modes is kept.
 *
 * @throws SourceEntryRefusedError (`source_entry_refused`) naming the entry, SourceTooLargeError (`source_too_large`),
 *   SourceUnreadableError (`source_unreadable`) when the archive is cut or broken
 */
export async function unpackSource(
  archivePath: string,
  folder: string,
  limits: Partial<SourceLimits> = {},
): Promise<{ fileCount: number; totalBytes: number }> {
  mkdirSync(folder, { recursive: true });
  const meter = new SourceMeter(limits);
  const writer = new TreeWriter(folder);
  const tar = extract();
  const bytes = decompressed(archivePath);
  const reading = pipeline(bytes, endCheck(), tar);
  reading.catch(() => {});
  try {
    for await (const entry of tar) {
      const path = entryPath(entry.header.name);
      if (path !== "") {
        meter.count(path, entry.header.type === "file" ? (entry.header.size ?? 0) : 0);
        await writer.write(path, entry);
      }
      entry.resume();
    }
    await reading;
  } catch (error) {
    if (error instanceof EvenkeelError) throw error;
    const named = storeError(error);
    if (named !== error) throw named;
    throw new SourceUnreadableError(`The source archive cannot be unpacked: ${(error as Error).message}`, {
      hint: "Send it again; it must be a whole tar, plain or compressed with gzip or zstd.",
      cause: error,
    });
  } finally {
    bytes.destroy();
  }
  return { fileCount: meter.fileCount, totalBytes: meter.totalBytes };
}

class TreeWriter {
  private readonly links = new Set<string>();
  private readonly folders = new Set<string>([""]);

  constructor(private readonly root: string) {}

  async write(path: string, entry: Entry): Promise<void> {
    const { name, type, linkname, mode } = entry.header;
    if (type === "directory") return this.makeFolder(path, name);
    const parent = dirname(path);
    if (parent !== ".") this.makeFolder(parent, name);
    if (type === "symlink") {
      checkLinkTarget(path, linkname ?? "");
      this.once(name, () => symlinkSync(linkname!, `${this.root}/${path}`));
      this.links.add(path);
    } else if (type === "file" || type === "contiguous-file") {
      await this.writeFile(path, name, entry, ((mode ?? 0) & 0o111) !== 0);
    } else refuseEntry(name, `it is a ${(type ?? "thing of unknown kind").replace("-", " ")}`);
  }

  private async writeFile(path: string, name: string, content: Entry, executable: boolean): Promise<void> {
    const file = this.once(name, () => openSync(`${this.root}/${path}`, "wx", 0o644));
    try {
      if (executable) fchmodSync(file, 0o755);
      for await (const chunk of content as AsyncIterable<Buffer>) {
        for (let written = 0; written < chunk.length; ) written += writeSync(file, chunk, written);
      }
    } finally {
      closeSync(file);
    }
  }

  private makeFolder(path: string, name: string): void {
    if (this.folders.has(path)) return;
    const parent = dirname(path);
    if (parent !== ".") this.makeFolder(parent, name);
    if (this.links.has(path))
      refuseEntry(name, `it would be written through the link ${JSON.stringify(path)}`);
    this.once(name, () => mkdirSync(`${this.root}/${path}`));
    this.folders.add(path);
  }

  private once<Result>(name: string, make: () => Result): Result {
    try {
      return make();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      return refuseEntry(
        name,
        "the archive holds it twice, or under names that this file system takes as one",
      );
    }
  }
}

/**
 * A tar ends in two blocks of zeros. Without this check one that was cut between two entries, or whose compressed form was cut, would
 * pass as a shorter one: neither the tar reader nor the decoders complain.
 */
function endCheck(): Transform {
  const endBytes = 1024;
  let tail = Buffer.alloc(0);
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      tail = Buffer.concat([tail, chunk.subarray(-endBytes)]).subarray(-endBytes);
      done(null, chunk);
    },
    flush(done) {
      done(
        tail.length === endBytes && tail.every((byte) => byte === 0) ? null : new Error("it ends too early"),
      );
    },
  });
}

function decompressed(archivePath: string): Readable {
  const magic = Buffer.alloc(4);
  const file = openSync(archivePath, "r");
  try {
    readSync(file, magic, 0, 4, 0);
  } finally {
    closeSync(file);
  }
  const raw = createReadStream(archivePath);
  const through = (decoder: Readable & NodeJS.WritableStream) => {
    raw.on("error", (error) => decoder.destroy(error));
    return raw.pipe(decoder);
  };
  if (magic.readUInt32LE(0) === 0xfd2fb528) return through(createZstdDecompress());
  if (magic.readUInt16BE(0) === 0x1f8b) return through(createGunzip());
  return raw;
}
