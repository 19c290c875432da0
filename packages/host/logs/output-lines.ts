export interface OutputLimits {
  /** Characters of a line; the rest is dropped. Default 16,384. */
  lineLength: number;
  /** Bytes that one stream may write in a second; what exceeds them is dropped unread. Default 1 MiB. */
  bytesPerSecond: number;
}

export const usualOutputLimits: OutputLimits = { lineLength: 16_384, bytesPerSecond: 1024 * 1024 };

const lineFeed = 0x0a;

/** `cut`: more of it was dropped; `open`: the stream ended within it. */
export type LineEnd = "whole" | "cut" | "open";

/**
 * Splits one output stream of an instance into lines. It never holds back the instance and never keeps more than one line: a flood
 * costs the app its lines, nobody else anything.
 */
export class OutputLines {
  private readonly decoder = new TextDecoder();
  private rest = "";
  private cut = false;
  /** Until the next line: the beginning of this one was dropped, and what is left may begin within a secret. */
  private skipping = false;
  private second = 0;
  private secondBytes = 0;
  private droppedBytes = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly onLine: (line: string, end: LineEnd) => void,
    /** Bytes that were dropped since it was last called. */
    private readonly onDropped: (bytes: number) => void,
    private readonly limits: OutputLimits = usualOutputLimits,
  ) {}

  push(chunk: Uint8Array, nowMs: number): void {
    const second = Math.floor(nowMs / 1_000);
    if (second !== this.second) {
      this.second = second;
      this.secondBytes = 0;
    }
    this.secondBytes += chunk.length;
    if (this.secondBytes > this.limits.bytesPerSecond) {
      this.droppedBytes += chunk.length;
      if (this.rest !== "") this.endLine("cut");
      this.skipping = chunk.at(-1) !== lineFeed;
      this.timer ??= setTimeout(() => this.tellDropped(), 1_000);
      return;
    }
    const parts = this.decoder.decode(chunk, { stream: true }).split("\n");
    for (const part of parts.slice(0, -1)) {
      this.append(part);
      this.endLine("whole");
    }
    this.append(parts.at(-1)!);
  }

  /** What is left when the stream has ended. */
  end(): void {
    this.append(this.decoder.decode());
    if (this.rest !== "") this.endLine("open");
    this.tellDropped();
  }

  private append(part: string): void {
    if (this.skipping) return;
    const room = this.limits.lineLength - this.rest.length;
    if (part.length > room) this.cut = true;
    this.rest += part.slice(0, Math.max(0, room));
  }

  private endLine(end: LineEnd): void {
    const line = this.rest.endsWith("\r") ? this.rest.slice(0, -1) : this.rest;
    if (!this.skipping) this.onLine(line, this.cut ? "cut" : end);
    this.rest = "";
    this.cut = false;
    this.skipping = false;
  }

  private tellDropped(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (this.droppedBytes === 0) return;
    this.onDropped(this.droppedBytes);
    this.droppedBytes = 0;
  }
}
