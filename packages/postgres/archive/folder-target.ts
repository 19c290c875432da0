import { randomBytes } from "node:crypto";
import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { entriesOf, syncFolder } from "@evenkeel/disk";
import { ObjectMissingError } from "../errors.ts";
import type { ArchiveTarget, StoredObject, TargetSpec } from "./archive-target.ts";
import { syncFileSystem } from "./sync-file-system.ts";

/** Between a key and the random end of a temporary file's name; no key contains it. */
const temporaryMark = ".tmp~";
const dayMs = 86_400_000;

/** Objects as files, mode 0600, in folders that nobody else enters. */
export class FolderTarget implements ArchiveTarget {
  readonly description: string;
  readonly spec: TargetSpec;

  constructor(private readonly folder: string) {
    this.description = folder;
    this.spec = { kind: "folder", path: folder };
  }

  async put(
    key: string,
    bytes: Uint8Array,
    how: "create" | "replace",
    durable: "now" | "later" = "now",
  ): Promise<"stored" | "exists"> {
    const path = join(this.folder, key);
    const temporary = `${path}${temporaryMark}${randomBytes(6).toString("hex")}`;
    makeFolders(dirname(path));
    try {
      writeWhole(temporary, bytes, durable === "now");
      if (how === "replace") renameSync(temporary, path);
      else linkSync(temporary, path);
    } catch (error) {
      if (how === "create" && (error as NodeJS.ErrnoException).code === "EEXIST") return "exists";
      throw error;
    } finally {
      rmSync(temporary, { force: true });
    }
    if (durable === "now") syncFolder(dirname(path));
    return "stored";
  }

  async has(key: string): Promise<boolean> {
    return existsSync(join(this.folder, key));
  }

  async get(key: string): Promise<Uint8Array> {
    try {
      return readFileSync(join(this.folder, key));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
      throw new ObjectMissingError(`The archive ${this.folder} has no object ${key}`);
    }
  }

  async list(prefix: string): Promise<StoredObject[]> {
    const objects = this.files(prefix).filter(({ key }) => !key.includes(temporaryMark));
    return objects.sort((a, b) => (a.key < b.key ? -1 : 1));
  }

  async delete(key: string): Promise<void> {
    rmSync(join(this.folder, key), { force: true });
  }

  async flush(): Promise<void> {
    makeFolders(this.folder);
    syncFileSystem(this.folder);
  }

  async sweep(): Promise<void> {
    for (const { key, modifiedMs } of this.files("")) {
      if (key.includes(temporaryMark) && Date.now() - modifiedMs > dayMs) await this.delete(key);
    }
  }

  private files(prefix: string): StoredObject[] {
    const found: StoredObject[] = [];
    const walk = (relative: string): void => {
      for (const entry of entriesOf(join(this.folder, relative))) {
        const key = `${relative}${entry.name}`;
        if (entry.isDirectory()) walk(`${key}/`);
        else {
          const status = statSync(join(this.folder, key), { throwIfNoEntry: false });
          if (status) found.push({ key, sizeBytes: status.size, modifiedMs: status.mtimeMs });
        }
      }
    };
    walk(prefix);
    return found;
  }
}

function writeWhole(path: string, bytes: Uint8Array, sync: boolean): void {
  const file = openSync(path, "wx", 0o600);
  try {
    for (let written = 0; written < bytes.length; ) written += writeSync(file, bytes, written);
    if (sync) fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

function makeFolders(folder: string): void {
  const first = mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (!first) return;
  // The names of new folders must survive too.
  for (let made = folder; made.length >= first.length; made = dirname(made)) syncFolder(dirname(made));
}
