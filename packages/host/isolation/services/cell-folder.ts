import {
  closeSync,
  constants,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { CellFailedError } from "../../errors.ts";
import type { LastingOutput } from "./service-cell.ts";

/** What is known of a cell whose process outlives its host. */
export interface CellRecord {
  pid: number;
  /** When the process started, as its system says it: a pid alone is given again. */
  startedAt: string;
  /** Of the command's init, which is not signalled. */
  initPid: number;
  uid: number | undefined;
  label: unknown;
}

const readBytes = 64 * 1024;
/** Read at one go; a flood waits for the next, and then blocks its writer. */
const turnBytes = 1024 * 1024;

/**
 * The folder of one lasting cell: `record.json`, the pipes `out` and `err`, and `exit`, which its init writes. None of it is synced: after a
 * loss of power there is no process either.
 */
export class CellFolder implements LastingOutput {
  private readers: { stream: "stdout" | "stderr"; file: number }[] = [];
  private readonly buffer = Buffer.allocUnsafe(readBytes);

  constructor(readonly path: string) {}

  /** Makes a cell's folder and has the cell begun with its pipes; what fails leaves nothing. */
  static async beginIn<Made>(
    path: string,
    begin: (folder: CellFolder, files: { stdout: number; stderr: number; exit: number }) => Promise<Made>,
  ): Promise<Made> {
    const folder = new CellFolder(path);
    const files = folder.make();
    try {
      return await begin(folder, files);
    } catch (error) {
      folder.remove();
      throw error;
    } finally {
      for (const file of Object.values(files)) closeSync(file);
    }
  }

  /** Makes the pipes. Their writing ends are opened for reading as well, so that they never break while the process holds them. */
  private make(): { stdout: number; stderr: number; exit: number } {
    mkdirSync(this.path, { recursive: true, mode: 0o700 });
    const pipes = [join(this.path, "out"), join(this.path, "err")];
    const made = Bun.spawnSync(["mkfifo", "-m", "600", ...pipes], { stdin: "ignore", stderr: "pipe" });
    if (!made.success) throw new CellFailedError(`Pipes cannot be made: ${made.stderr.toString().trim()}`);
    const [stdout, stderr] = pipes.map((pipe) => openSync(pipe, constants.O_RDWR));
    this.open();
    const exit = openSync(join(this.path, "exit"), "w", 0o600);
    return { stdout: stdout!, stderr: stderr!, exit };
  }

  open(): void {
    const flags = constants.O_RDONLY | constants.O_NONBLOCK;
    this.readers = [
      { stream: "stdout", file: openSync(join(this.path, "out"), flags) },
      { stream: "stderr", file: openSync(join(this.path, "err"), flags) },
    ];
  }

  read(onChunk: (stream: "stdout" | "stderr", chunk: Uint8Array) => void): void {
    for (const { stream, file } of this.readers) {
      for (let total = 0; total < turnBytes; ) {
        const length = readNow(file, this.buffer);
        if (length === 0) break;
        total += length;
        onChunk(stream, Buffer.from(this.buffer.subarray(0, length)));
      }
    }
  }

  save(record: CellRecord): void {
    const temporary = join(this.path, "record.new");
    writeFileSync(temporary, JSON.stringify(record), { mode: 0o600 });
    renameSync(temporary, join(this.path, "record.json"));
  }

  load(): CellRecord | undefined {
    try {
      return JSON.parse(readFileSync(join(this.path, "record.json"), "utf8")) as CellRecord;
    } catch {
      return undefined;
    }
  }

  /** Null: it was ended before its init could say. */
  exitCode(): number | null {
    try {
      const text = readFileSync(join(this.path, "exit"), "utf8").trim();
      return text === "" ? null : Number(text);
    } catch {
      return null;
    }
  }

  remove(): void {
    for (const { file } of this.readers) closeSync(file);
    this.readers = [];
    rmSync(this.path, { recursive: true, force: true });
  }
}

export function cellFolders(parent: string): CellFolder[] {
  mkdirSync(parent, { recursive: true, mode: 0o700 });
  return readdirSync(parent).map((name) => new CellFolder(join(parent, name)));
}

function readNow(file: number, buffer: Buffer): number {
  try {
    return readSync(file, buffer);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EAGAIN") return 0;
    throw error;
  }
}
