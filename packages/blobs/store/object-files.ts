import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { type FileHandle, open, rename } from "node:fs/promises";
import { join } from "node:path";
import { syncFolder } from "@evenkeel/disk";
import { randomId } from "@evenkeel/model";

/** Bytes that objects are made of; a file is never changed once it stands. */
export interface StoredFile {
  file: string;
  size: number;
}

/** The files of one bucket: `data/<first two letters>/<id>`, written beside as `incoming/<id>`. */
export class ObjectFiles {
  private readonly incoming: string;
  private readonly data: string;

  constructor(folder: string) {
    this.incoming = join(folder, "incoming");
    this.data = join(folder, "data");
    // What a crash left half written.
    rmSync(this.incoming, { recursive: true, force: true });
    mkdirSync(this.incoming, { recursive: true, mode: 0o700 });
    mkdirSync(this.data, { recursive: true, mode: 0o700 });
  }

  /** Keeps a body durably; when it rejects, nothing of it is left. @throws what `body` throws; errors of the disk */
  async write(body: AsyncIterable<Uint8Array>): Promise<StoredFile> {
    const id = randomId(24);
    const path = join(this.incoming, id);
    const handle = await open(path, "wx", 0o600);
    let size = 0;
    try {
      for await (const bytes of body) {
        await writeAll(handle, bytes);
        size += bytes.length;
      }
      await handle.sync();
    } catch (error) {
      await handle.close();
      rmSync(path, { force: true });
      throw error;
    }
    await handle.close();
    const folder = join(this.data, id.slice(0, 2));
    if (mkdirSync(folder, { recursive: true, mode: 0o700 }) !== undefined) syncFolder(this.data);
    await rename(path, join(folder, id));
    syncFolder(folder);
    return { file: id, size };
  }

  /** The bytes from `start` up to and without `end` of files laid one after another. */
  async *read(files: readonly StoredFile[], start: number, end: number): AsyncGenerator<Uint8Array> {
    let offset = 0;
    for (const { file, size } of files) {
      const from = Math.max(0, start - offset);
      const to = Math.min(size, end - offset);
      offset += size;
      if (from >= to) continue;
      yield* Bun.file(this.path(file)).slice(from, to).stream() as unknown as AsyncIterable<Uint8Array>;
    }
  }

  remove(file: string): void {
    rmSync(this.path(file), { force: true });
  }

  /** Ids of all files. */
  *list(): Generator<{ file: string; path: string }> {
    for (const folder of readdirSync(this.data)) {
      for (const file of readdirSync(join(this.data, folder)))
        yield { file, path: join(this.data, folder, file) };
    }
  }

  private path(file: string): string {
    return join(this.data, file.slice(0, 2), file);
  }
}

async function writeAll(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let written = 0; written < bytes.length; ) {
    written += (await handle.write(bytes, written)).bytesWritten;
  }
}
