/** Reads what `ByteWriter` wrote. Throws RangeError at a premature end. */
export class ByteReader {
  private position = 0;
  private readonly view: DataView;

  constructor(private readonly bytes: Uint8Array) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get atEnd(): boolean {
    return this.position >= this.bytes.length;
  }

  varint(): number {
    let value = 0;
    let scale = 1;
    for (;;) {
      if (this.atEnd) throw new RangeError("The points end in the middle of a number");
      const byte = this.bytes[this.position++]!;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      scale *= 0x80;
    }
  }

  number(): number {
    if (this.bytes[this.position] === 1) {
      const value = this.view.getFloat64(this.position + 1, true);
      this.position += 9;
      return value;
    }
    const value = this.varint();
    const size = Math.floor(value / 4);
    return value % 4 === 2 ? -size : size;
  }
}
