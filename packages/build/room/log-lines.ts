import type { MaskSecrets } from "@evenkeel/model";

/** A longer line is cut: no log needs it, and it would have to be held in memory. */
const longestLine = 16 * 1024;

/**
 * Splits output into lines for people: terminal sequences are taken off, of a progress line that overwrites itself (`\r`) the last state
 * is kept, bytes that are no UTF-8 become U+FFFD, and secrets become their names.
 */
export class LogLines {
  private readonly decoder = new TextDecoder();
  private pending = "";
  private cut = false;

  constructor(
    private readonly onLine: (text: string) => void,
    private readonly mask: MaskSecrets = (text) => text,
  ) {}

  write(chunk: Uint8Array): void {
    const pieces = this.decoder.decode(chunk, { stream: true }).split("\n");
    this.grow(pieces[0]!);
    for (const piece of pieces.slice(1)) {
      this.flush();
      this.grow(piece);
    }
  }

  end(): void {
    this.grow(this.decoder.decode());
    if (this.pending !== "") this.flush(true);
  }

  private grow(text: string): void {
    this.pending += text;
    if (this.pending.length <= longestLine) return;
    this.pending = this.pending.slice(0, longestLine);
    this.cut = true;
  }

  private flush(open = false): void {
    const line = this.pending.replace(/\r+$/, "");
    const shown = Bun.stripANSI(line.slice(line.lastIndexOf("\r") + 1));
    const masked = this.mask(shown, this.cut || open);
    this.onLine(this.cut ? `${masked}…` : masked);
    this.pending = "";
    this.cut = false;
  }
}
