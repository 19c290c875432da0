import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";

export interface RotationLimits {
  /** Default 8 MiB. */
  fileBytes: number;
  /** Default 8. */
  files: number;
  /** Text that waits for a slow disk; more is dropped. Default 2 MiB. */
  queueBytes: number;
}

const usualLimits: RotationLimits = { fileBytes: 8 * 1024 * 1024, files: 8, queueBytes: 2 * 1024 * 1024 };
/** Lines are gathered this long: one write for all, and `logs -f` is still prompt. */
const gatherMs = 50;

/**
 * Appends lines to `<folder>/<name>-<n>.ndjson`; a full file is followed by the next number and the oldest is removed. Writing happens
 * behind: `append` never waits. A write that fails loses its lines, which are counted into the next ones.
 */
export class RotatingLog {
  private queue: string[] = [];
  private queuedBytes = 0;
  private dropped = 0;
  private writing: Promise<void> | undefined;
  private file: { handle: FileHandle; number: number; bytes: number } | undefined;
  private readonly limits: RotationLimits;

  constructor(
    private readonly folder: string,
    private readonly name: string,
    /** The line that tells how many were dropped. */
    private readonly droppedLine: (count: number) => string,
    limits: Partial<RotationLimits> = {},
  ) {
    this.limits = { ...usualLimits, ...limits };
  }

  /** @param line without line end. */
  append(line: string): void {
    if (this.queuedBytes + line.length > this.limits.queueBytes) {
      this.dropped++;
      return;
    }
    this.queue.push(line);
    this.queuedBytes += line.length;
    this.writing ??= this.write();
  }

  /** Resolves when everything appended was given to the file system. */
  async flush(): Promise<void> {
    await this.writing;
  }

  async close(): Promise<void> {
    await this.flush();
    await this.file?.handle.close();
    this.file = undefined;
  }

  private async write(): Promise<void> {
    await Bun.sleep(gatherMs);
    while (this.queue.length > 0) {
      const lines = this.queue;
      if (this.dropped > 0) lines.push(this.droppedLine(this.dropped));
      const { dropped } = this;
      this.queue = [];
      this.queuedBytes = 0;
      this.dropped = 0;
      try {
        await this.writeLines(lines);
      } catch (error) {
        this.dropped += dropped + lines.length;
        console.error(`Lines of ${this.folder} were lost: ${(error as Error).message}`);
        await this.file?.handle.close().catch(() => {});
        this.file = undefined;
      }
    }
    this.writing = undefined;
  }

  private async writeLines(lines: string[]): Promise<void> {
    const bytes = Buffer.from(`${lines.join("\n")}\n`);
    this.file ??= await this.openFile(this.newestNumber());
    if (this.file.bytes > 0 && this.file.bytes + bytes.length > this.limits.fileBytes) {
      const { handle, number } = this.file;
      await handle.close();
      this.file = await this.openFile(number + 1);
      rmSync(this.path(number + 1 - this.limits.files), { force: true });
    }
    await this.file.handle.appendFile(bytes);
    this.file.bytes += bytes.length;
  }

  private newestNumber(): number {
    mkdirSync(this.folder, { recursive: true });
    const numbers = readdirSync(this.folder).map((name) =>
      Number(name.startsWith(`${this.name}-`) ? /-(\d+)\.ndjson$/.exec(name)?.[1] : Number.NaN),
    );
    return Math.max(1, ...numbers.filter((number) => !Number.isNaN(number)));
  }

  private async openFile(number: number) {
    const handle = await open(this.path(number), "a", 0o640);
    return { handle, number, bytes: (await handle.stat()).size };
  }

  private path(number: number): string {
    return join(this.folder, `${this.name}-${number}.ndjson`);
  }
}
