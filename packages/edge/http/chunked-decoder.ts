const size = 0;
const extension = 1;
const sizeLineFeed = 2;
const data = 3;
const dataReturn = 4;
const dataLineFeed = 5;
const trailerStart = 6;
const trailerLine = 7;
const trailerLineFeed = 8;
const finalLineFeed = 9;

/** Framing beside the data: extensions of one chunk, and the whole trailer section. */
const extensionLimitBytes = 256;
const trailerLimitBytes = 65_536;

/**
 * Undoes the chunked coding (RFC 9112, 7.1), strictly: CRLF only, sizes of 1 to 12 hexadecimal digits. Extensions and trailers are read and dropped.
 * `step` until the input is used up, `done` or `failed`; after each step `dataStart..dataEnd` is the data found.
 */
export class ChunkedDecoder {
  done = false;
  failed = false;
  dataStart = 0;
  dataEnd = 0;
  private state = size;
  private remaining = 0;
  private digits = 0;
  private framingBytes = 0;

  reset(): void {
    this.done = false;
    this.failed = false;
    this.state = size;
    this.remaining = 0;
    this.digits = 0;
    this.framingBytes = 0;
  }

  /** Gives the position up to which `bytes` were used. */
  step(bytes: Uint8Array, start: number): number {
    this.dataStart = this.dataEnd = start;
    const end = bytes.length;
    let position = start;
    while (position < end) {
      if (this.state === data) {
        const taken = Math.min(this.remaining, end - position);
        this.dataStart = position;
        this.dataEnd = position + taken;
        this.remaining -= taken;
        if (this.remaining === 0) this.state = dataReturn;
        return this.dataEnd;
      }
      this.take(bytes[position++]!);
      if (this.done || this.failed) return position;
    }
    return position;
  }

  private take(byte: number): void {
    switch (this.state) {
      case size:
        this.takeSize(byte);
        return;
      case extension:
        if (byte === 13) this.state = sizeLineFeed;
        else if (!isText(byte) || ++this.framingBytes > extensionLimitBytes) this.failed = true;
        return;
      case sizeLineFeed:
        if (byte !== 10) this.failed = true;
        this.framingBytes = 0;
        this.state = this.remaining === 0 ? trailerStart : data;
        this.digits = 0;
        return;
      case dataReturn:
        if (byte !== 13) this.failed = true;
        this.state = dataLineFeed;
        return;
      case dataLineFeed:
        if (byte !== 10) this.failed = true;
        this.state = size;
        return;
      case trailerStart:
        if (byte === 13) this.state = finalLineFeed;
        else if (!isText(byte)) this.failed = true;
        else this.state = trailerLine;
        return;
      case trailerLine:
        if (byte === 13) this.state = trailerLineFeed;
        else if (!isText(byte) || ++this.framingBytes > trailerLimitBytes) this.failed = true;
        return;
      case trailerLineFeed:
        if (byte !== 10) this.failed = true;
        this.state = trailerStart;
        return;
      default:
        if (byte !== 10) this.failed = true;
        else this.done = true;
    }
  }

  private takeSize(byte: number): void {
    const digit =
      byte >= 48 && byte <= 57 ? byte - 48 : (byte | 32) >= 97 && (byte | 32) <= 102 ? (byte | 32) - 87 : -1;
    if (digit >= 0) {
      this.remaining = this.remaining * 16 + digit;
      if (++this.digits > 12) this.failed = true;
    } else if (this.digits === 0) this.failed = true;
    else if (byte === 13) this.state = sizeLineFeed;
    // Blanks before an extension are "bad" whitespace that a recipient has to bear (RFC 9112, 7.1.1).
    else if (byte === 59 || byte === 32 || byte === 9) this.state = extension;
    else this.failed = true;
  }
}

const isText = (byte: number) => byte === 9 || (byte >= 32 && byte !== 127);
