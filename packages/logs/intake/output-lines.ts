/** `cut`: more of it was dropped; `open`: the stream ended within it. */
export type LineEnd = "whole" | "cut" | "open";

/** Bytes of a line that are kept; a longer one is cut, and says so. */
export const lineLimitBytes = 64 * 1024;

const lineFeed = 10;
const carriageReturn = 13;

/**
 * Splits one output stream into lines. It never holds back who prints and never keeps more than one line, cut to its limit. Bytes that are no
 * UTF-8 become U+FFFD.
 */
export class OutputLines {
  private parts: Uint8Array[] = [];
  private keptBytes = 0;
  private cutBytes = 0;
  /** Until the next line: the beginning of this one was dropped, and what is left may begin within a secret. */
  private isSkipping = false;
  /** Of that line the beginning was given, as cut. */
  private isBegun = false;
  private lost = 0;

  constructor(
    /** @param cutBytes how much of a line that was cut is missing, as far as that is known */
    private readonly onLine: (line: string, end: LineEnd, cutBytes: number) => void,
    private readonly limitBytes: number = lineLimitBytes,
  ) {}

  /** @returns how many lines ended in it */
  push(chunk: Uint8Array): number {
    let start = 0;
    let count = 0;
    for (let end = chunk.indexOf(lineFeed); end !== -1; end = chunk.indexOf(lineFeed, start)) {
      this.endLine(chunk.subarray(start, end), "whole");
      start = end + 1;
      count++;
    }
    if (start < chunk.length) this.keep(chunk.subarray(start));
    return count;
  }

  /** Takes note that this was printed, and drops it. */
  skip(chunk: Uint8Array): void {
    if (this.keptBytes > 0) {
      this.endLine(new Uint8Array(), "cut");
      this.isBegun = true;
    }
    for (let at = chunk.indexOf(lineFeed); at !== -1; at = chunk.indexOf(lineFeed, at + 1)) this.loseLine();
    this.isSkipping = chunk[chunk.length - 1] !== lineFeed;
  }

  /** How many lines were dropped whole since the last call. */
  takeLost(): number {
    const { lost } = this;
    this.lost = 0;
    return lost;
  }

  /** What is left when the stream has ended. */
  end(): void {
    if (this.keptBytes > 0) this.endLine(new Uint8Array(), "open");
  }

  private endLine(last: Uint8Array, end: LineEnd): void {
    let bytes = last;
    if (this.keptBytes > 0 || last.length > this.limitBytes) {
      this.keep(last);
      bytes = this.parts.length === 1 ? this.parts[0]! : Buffer.concat(this.parts);
    }
    const { cutBytes, isSkipping } = this;
    this.parts = [];
    this.keptBytes = 0;
    this.cutBytes = 0;
    this.isSkipping = false;
    if (isSkipping) this.loseLine();
    else this.onLine(textOf(bytes), cutBytes > 0 ? "cut" : end, cutBytes);
  }

  private loseLine(): void {
    if (!this.isBegun) this.lost++;
    this.isBegun = false;
  }

  private keep(part: Uint8Array): void {
    if (this.isSkipping) return;
    const room = this.limitBytes - this.keptBytes;
    if (part.length > room) this.cutBytes += part.length - room;
    if (room <= 0 || part.length === 0) return;
    // Copied: the chunk's memory belongs to the stream.
    const kept = Uint8Array.from(part.subarray(0, room));
    this.parts.push(kept);
    this.keptBytes += kept.length;
  }
}

function textOf(bytes: Uint8Array): string {
  const length = bytes[bytes.length - 1] === carriageReturn ? bytes.length - 1 : bytes.length;
  return Buffer.from(bytes.buffer, bytes.byteOffset, length).toString();
}
