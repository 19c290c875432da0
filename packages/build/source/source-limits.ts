import { formatSize } from "@evenkeel/model";
import { SourceTooLargeError } from "../errors.ts";

export interface SourceLimits {
  /** Files, folders and links; default 100,000. */
  fileCount: number;
  /** Of all files unpacked; default 4 GiB. */
  totalBytes: number;
  /** Of one file; default 2 GiB. */
  fileBytes: number;
}

const defaultLimits: SourceLimits = {
  fileCount: 100_000,
  totalBytes: 4 * 1024 ** 3,
  fileBytes: 2 * 1024 ** 3,
};

const hint = "List what the build does not need in .evenkeelignore or .vercelignore.";

/** Counts what a source brings and refuses the entry that goes beyond a limit. */
export class SourceMeter {
  fileCount = 0;
  totalBytes = 0;
  private readonly limits: SourceLimits;

  constructor(limits: Partial<SourceLimits> = {}) {
    this.limits = { ...defaultLimits, ...limits };
  }

  /** @throws SourceTooLargeError */
  count(name: string, sizeBytes: number): void {
    const { fileCount, fileBytes, totalBytes } = this.limits;
    this.fileCount++;
    this.totalBytes += sizeBytes;
    if (this.fileCount > fileCount) {
      throw new SourceTooLargeError(
        `The source has more than ${fileCount} files; ${JSON.stringify(name)} is one more`,
        {
          hint,
        },
      );
    }
    if (sizeBytes > fileBytes) {
      throw new SourceTooLargeError(
        `The file ${JSON.stringify(name)} has ${formatSize(sizeBytes)}; ${formatSize(fileBytes)} is the most for one file`,
        { hint },
      );
    }
    if (this.totalBytes > totalBytes) {
      throw new SourceTooLargeError(
        `The source is larger than ${formatSize(totalBytes)}; ${JSON.stringify(name)} goes beyond it`,
        { hint },
      );
    }
  }
}
