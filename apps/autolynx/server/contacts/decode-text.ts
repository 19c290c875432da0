import { CsvFault } from "./csv-fault.ts";

export const largestFileBytes = 10 * 1024 * 1024;

/**
 * A file's bytes as text, piece by piece: UTF-8, or UTF-16 with its mark. Says by line what is neither.
 *
 * @throws CsvFault
 */
export async function* decodeText(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  let total = 0;
  let decode: ((piece: Buffer, last: boolean) => string) | undefined;
  let start: Buffer = Buffer.alloc(0);
  for await (const given of bytes) {
    total += given.length;
    if (total > largestFileBytes) {
      throw new CsvFault(
        `The file has more than ${largestFileBytes.toLocaleString("en")} bytes (10 MB). Divide it`,
        "too_large",
      );
    }
    let piece = Buffer.from(given.buffer, given.byteOffset, given.length);
    if (!decode) {
      // The first bytes tell what it is; a stream may bring them one by one.
      start = Buffer.concat([start, piece]);
      if (start.length < 8) continue;
      piece = start;
      decode = decoderFor(piece);
    }
    const text = decode(piece, false);
    if (text !== "") yield text;
  }
  if (!decode) {
    if (start.length === 0) throw new CsvFault("The file is empty: it has 0 bytes", "empty");
    decode = decoderFor(start);
    yield decode(start, false);
  }
  const rest = decode(Buffer.alloc(0), true);
  if (rest !== "") yield rest;
}

function decoderFor(start: Buffer): (piece: Buffer, last: boolean) => string {
  const begins = (...bytes: number[]) => bytes.every((byte, index) => start[index] === byte);
  if (begins(0x50, 0x4b, 0x03, 0x04) || begins(0x50, 0x4b, 0x05, 0x06))
    throw new CsvFault(
      "This is an Excel workbook (.xlsx), whatever its name. Save it as “CSV UTF-8”",
      "not_csv",
    );
  if (begins(0xd0, 0xcf, 0x11, 0xe0))
    throw new CsvFault(
      "This is an old Excel workbook (.xls), whatever its name. Save it as “CSV UTF-8”",
      "not_csv",
    );
  if (begins(0x25, 0x50, 0x44, 0x46)) throw new CsvFault("This is a PDF, whatever its name", "not_csv");
  if (begins(0xff, 0xfe)) return utf16("utf-16le");
  if (begins(0xfe, 0xff)) return utf16("utf-16be");
  return utf8();
}

function utf16(encoding: "utf-16le" | "utf-16be"): (piece: Buffer, last: boolean) => string {
  const decoder = new TextDecoder(encoding, { fatal: true });
  let line = 1;
  return (piece, last) => {
    let text: string;
    try {
      text = decoder.decode(piece, { stream: !last });
    } catch {
      throw new CsvFault(
        `The file begins as ${encoding.toUpperCase()} and then is not. Save it as “CSV UTF-8”`,
        "bad_encoding",
      );
    }
    const nul = text.indexOf("\0");
    if (nul >= 0)
      throw new CsvFault(
        "has a NUL character. It is not text",
        "bad_encoding",
        line + count(text.slice(0, nul)),
      );
    line += count(text);
    return text;
  };
}

/** In whole lines, so that a fault's line is known: no byte of a longer character is a line feed. */
function utf8(): (piece: Buffer, last: boolean) => string {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let held: Buffer = Buffer.alloc(0);
  let line = 1;
  return (piece, last) => {
    const whole = held.length > 0 ? Buffer.concat([held, piece]) : piece;
    const end = last ? whole.length : whole.lastIndexOf(0x0a) + 1;
    held = Buffer.from(whole.subarray(end));
    const lines = whole.subarray(0, end);
    if (lines.length === 0) return "";
    let text: string;
    try {
      text = decoder.decode(lines);
    } catch {
      throw new CsvFault(
        "is not UTF-8 (it may be Latin-1 or Windows-1252). Save the file as “CSV UTF-8”",
        "bad_encoding",
        line + faultyLine(lines),
      );
    }
    const nul = text.indexOf("\0");
    if (nul >= 0)
      throw new CsvFault(
        "has a NUL character. The file is not text, or UTF-16 without its mark: save it as “CSV UTF-8”",
        "bad_encoding",
        line + count(text.slice(0, nul)),
      );
    line += count(text);
    return text;
  };
}

function faultyLine(bytes: Buffer): number {
  let index = 0;
  for (let from = 0; from < bytes.length; index++) {
    const end = bytes.indexOf(0x0a, from);
    const one = bytes.subarray(from, end < 0 ? bytes.length : end);
    try {
      new TextDecoder("utf-8", { fatal: true }).decode(one);
    } catch {
      return index;
    }
    if (end < 0) return index;
    from = end + 1;
  }
  return index;
}

function count(text: string): number {
  let lines = 0;
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) lines++;
  return lines;
}
