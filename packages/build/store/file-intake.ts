import { constants } from "node:fs";
import {
  chmod,
  chown,
  copyFile,
  link,
  lstat,
  mkdir,
  readFile,
  rename,
  rm,
  writeFile,
} from "node:fs/promises";
import { artifactFilePath, type FileHash, type HomeLayout, type StoredFile } from "@evenkeel/model";
import { OutputInvalidError } from "../errors.ts";
import { makeDurable } from "./make-durable.ts";
import { stagingPath } from "./store-layout.ts";
import { Turns } from "./turns.ts";

/** Files up to this size are read at once, larger ones in pieces. */
const wholeReadBytes = 1024 * 1024;
const parallelFiles = 16;

/**
 * Takes files into the artifact store in two steps, so that a name in `artifacts/files` always stands for whole, durable bytes:
 * `add` hashes and stages what the store lacks; once that is durable, `publish` gives the names.
 *
 * `settled` says that nobody can write the added files any more; they are then hard-linked, not copied.
 */
export class FileIntake {
  private readonly staging: string;
  private readonly added = new Map<string, Promise<StoredFile>>();
  private readonly staged = new Map<FileHash, Promise<void>>();
  private readonly turns = new Turns(parallelFiles);

  constructor(
    private readonly layout: HomeLayout,
    private readonly settled: boolean,
  ) {
    this.staging = `${stagingPath(layout)}/${process.pid}-${crypto.randomUUID()}`;
  }

  async begin(): Promise<void> {
    await mkdir(this.staging, { recursive: true, mode: 0o700 });
  }

  /** `path` must be a regular file and resolved: symlinks in it would be followed. */
  add(path: string): Promise<StoredFile> {
    const known = this.added.get(path);
    if (known) return known;
    const adding = this.turns.run(() => this.addFile(path));
    this.added.set(path, adding);
    return adding;
  }

  async addBytes(bytes: Uint8Array): Promise<StoredFile> {
    const hash = new Bun.CryptoHasher("sha256").update(bytes).digest("hex") as FileHash;
    await this.stage(hash, bytes.length, (path) => writeFile(path, bytes, { flag: "wx" }));
    return { hash, sizeBytes: bytes.length };
  }

  /** The bytes of a file of this intake or of the store. */
  async read(hash: FileHash): Promise<Uint8Array> {
    return await readFile(
      this.staged.has(hash) ? this.stagedPath(hash) : artifactFilePath(this.layout, hash),
    );
  }

  isStored(file: StoredFile): Promise<boolean> {
    return this.staged.has(file.hash) ? Promise.resolve(true) : this.inStore(file.hash, file.sizeBytes);
  }

  /** Where the bytes of an added file stand until `publish`. */
  readonly pathOf = (hash: FileHash): string =>
    this.staged.has(hash) ? this.stagedPath(hash) : artifactFilePath(this.layout, hash);

  /** Waits for what is being staged. @returns what must be durable before `publish` */
  async settle(): Promise<string[]> {
    await Promise.all(this.staged.values());
    return [...this.staged.keys()].map((hash) => this.stagedPath(hash));
  }

  /** Gives the staged files their names. */
  async publish(): Promise<void> {
    const hashes = [...this.staged.keys()];
    if (hashes.length === 0) return;
    const folders = new Set(hashes.map((hash) => `${this.layout.artifactFiles}/${hash.slice(0, 2)}`));
    await Promise.all([...folders].map((folder) => mkdir(folder, { recursive: true })));
    // Another import may have brought the same bytes meanwhile; replacing one copy by the other changes nothing.
    for (const hash of hashes) await rename(this.stagedPath(hash), artifactFilePath(this.layout, hash));
    await makeDurable(this.layout.artifactFiles, [...folders, this.layout.artifactFiles]);
  }

  async end(): Promise<void> {
    await Promise.allSettled([...this.added.values(), ...this.staged.values()]);
    await rm(this.staging, { recursive: true, force: true });
  }

  private async addFile(path: string): Promise<StoredFile> {
    const status = await lstat(path);
    if (!status.isFile()) throw new OutputInvalidError(`${path} is not a regular file`);
    const hash = await hashFile(path, status.size);
    await this.stage(hash, status.size, (to) => this.transfer(path, to, status.nlink));
    return { hash, sizeBytes: status.size };
  }

  private stage(hash: FileHash, sizeBytes: number, bring: (path: string) => Promise<void>): Promise<void> {
    const known = this.staged.get(hash);
    if (known) return known;
    const staging = (async () => {
      if (await this.inStore(hash, sizeBytes)) {
        this.staged.delete(hash);
        return;
      }
      const path = this.stagedPath(hash);
      await bring(path);
      if (process.getuid?.() === 0) await chown(path, 0, 0);
      await chmod(path, 0o444);
    })();
    this.staged.set(hash, staging);
    return staging;
  }

  /** A file with other names (pnpm's store, Next.js' fallbacks) is copied: its other names stay writable for the build user. */
  private async transfer(from: string, to: string, links: number): Promise<void> {
    if (this.settled && links === 1) {
      try {
        return await link(from, to);
      } catch (error) {
        const code = (error as NodeJS.ErrnoException).code;
        if (code !== "EXDEV" && code !== "EPERM" && code !== "EMLINK") throw error;
      }
    }
    await copyFile(from, to, constants.COPYFILE_FICLONE);
  }

  private async inStore(hash: FileHash, sizeBytes: number): Promise<boolean> {
    try {
      const status = await lstat(artifactFilePath(this.layout, hash));
      return status.isFile() && status.size === sizeBytes;
    } catch {
      return false;
    }
  }

  private stagedPath(hash: FileHash): string {
    return `${this.staging}/${hash}`;
  }
}

/** sha256 of a file's bytes; memory stays flat. */
export async function hashFile(path: string, sizeBytes: number): Promise<FileHash> {
  const hasher = new Bun.CryptoHasher("sha256");
  if (sizeBytes <= wholeReadBytes) hasher.update(await readFile(path));
  else for await (const chunk of Bun.file(path).stream()) hasher.update(chunk);
  return hasher.digest("hex") as FileHash;
}
