import { type FileHandle, open } from "node:fs/promises";
import { lineSplitter } from "@evenkeel/wire";

const pieceBytes = 256 * 1024;

/** Reads the lines that were appended to a file since the last look; a file that is not there yet has none. */
export class FileTail {
  private handle: FileHandle | undefined;
  private offset = 0;
  private lines: string[] = [];
  /** A last line without its end is not given: it is still being written. */
  private readonly split = lineSplitter((line) => this.lines.push(line));

  constructor(private readonly path: string) {}

  async *read(): AsyncGenerator<string, void, void> {
    this.handle ??= await open(this.path, "r").catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return undefined;
      throw error;
    });
    if (!this.handle) return;
    const buffer = Buffer.alloc(pieceBytes);
    for (;;) {
      const { bytesRead } = await this.handle.read(buffer, 0, pieceBytes, this.offset);
      if (bytesRead === 0) return;
      this.offset += bytesRead;
      this.split(buffer.subarray(0, bytesRead));
      const read = this.lines;
      this.lines = [];
      for (const line of read) if (line !== "") yield line;
    }
  }

  async close(): Promise<void> {
    await this.handle?.close();
    this.handle = undefined;
  }
}
