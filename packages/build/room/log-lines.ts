/** A longer line is cut: no log needs it, and it would have to be held in memory. */
const longestLine = 16 * 1024;

/**
 * Splits output into lines for people: terminal sequences are taken off, of a progress line that overwrites itself (`\r`) the last state
 * is kept, and bytes that are no UTF-8 become U+FFFD.
 */
export class LogLines {
  private readonly decoder = new TextDecoder();
  private pending = "";
  private cut = false;

  constructor(private readonly onLine: (text: string) => void) {}

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
    if (this.pending !== "") this.flush();
  }

  private grow(text: string): void {
    this.pending += text;
    if (this.pending.length <= longestLine) return;
    this.pending = this.pending.slice(0, longestLine);
    this.cut = true;
  }

  private flush(): void {
    const line = this.pending.replace(/\r+$/, "");
    const shown = Bun.stripANSI(line.slice(line.lastIndexOf("\r") + 1));
    this.onLine(this.cut ? `${shown}…` : shown);
    this.pending = "";
    this.cut = false;
  }
}
