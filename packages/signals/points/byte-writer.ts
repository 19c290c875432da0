/** Beyond it a whole number does not fit a varint that also holds its sign. */
const largestVarint = 2 ** 51;

/** Writes numbers in as few bytes as they need. */
export class ByteWriter {
  private bytes = new Uint8Array(256);
  private view = new DataView(this.bytes.buffer);
  private length = 0;

  /** A whole number of 0 to 2⁵³: LEB128. */
  varint(value: number): void {
    this.reserve(8);
    let rest = value;
    while (rest >= 0x80) {
      this.bytes[this.length++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.bytes[this.length++] = rest;
  }

  /** Any number: whole ones by their size (four times it, and two more where it is negative), others as the byte 1 and a double. */
  number(value: number): void {
    if (Number.isInteger(value) && Math.abs(value) < largestVarint && !Object.is(value, -0)) {
      this.varint(value < 0 ? -value * 4 + 2 : value * 4);
      return;
    }
    this.reserve(9);
    this.bytes[this.length] = 1;
    this.view.setFloat64(this.length + 1, value, true);
    this.length += 9;
  }

  take(): Uint8Array {
    return this.bytes.slice(0, this.length);
  }

  private reserve(more: number): void {
    if (this.length + more <= this.bytes.length) return;
    const larger = new Uint8Array(this.bytes.length * 2);
    larger.set(this.bytes);
    this.bytes = larger;
    this.view = new DataView(larger.buffer);
  }
}
