import { equalsIgnoringCase, kindOf } from "./header-kinds.ts";

/** Numbers per header line in a field table: start of the name, colon, start and end of the value, kind. */
export const fieldWidth = 5;

/** Results of `scanHeaderBlock` besides the position after the block. */
export const incompleteBlock = -1;
export const malformedBlock = -2;
export const tooManyLines = -3;

const mostLines = 1_024;
const table = new Int32Array(fieldWidth * mostLines);
let lines = 0;

const tokenBytes = new Uint8Array(256);
for (const character of "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") {
  tokenBytes[character.charCodeAt(0)] = 1;
}
const valueBytes = new Uint8Array(256).map((_, byte) => (byte === 9 || (byte >= 32 && byte !== 127) ? 1 : 0));

/** Whether the byte may stand in a method or header name (RFC 9110, 5.6.2). */
export const isTokenByte = (byte: number): boolean => tokenBytes[byte] === 1;

/**
 * Reads header lines from `start` up to and with the blank line (RFC 9112, 5). Strict: CRLF only, no folding, no blank before the colon, no
 * control characters. Gives the position after the blank line; what was read is fetched by `takeFields`.
 */
export function scanHeaderBlock(bytes: Buffer, start: number, lineLimit: number): number {
  const end = bytes.length;
  let position = start;
  let count = 0;
  lines = 0;
  for (;;) {
    if (position >= end) return incompleteBlock;
    if (bytes[position] === 13) {
      if (position + 1 >= end) return incompleteBlock;
      if (bytes[position + 1] !== 10) return malformedBlock;
      lines = count;
      return position + 2;
    }
    const nameStart = position;
    while (position < end && tokenBytes[bytes[position]!] === 1) position++;
    if (position === end) return incompleteBlock;
    if (bytes[position] !== 58 || position === nameStart) return malformedBlock;
    const colon = position++;
    while (position < end && (bytes[position] === 32 || bytes[position] === 9)) position++;
    const valueStart = position;
    while (position < end && valueBytes[bytes[position]!] === 1) position++;
    if (position === end) return incompleteBlock;
    if (bytes[position] !== 13) return malformedBlock;
    if (position + 1 >= end) return incompleteBlock;
    if (bytes[position + 1] !== 10) return malformedBlock;
    if (count >= lineLimit) return tooManyLines;
    let valueEnd = position;
    while (valueEnd > valueStart && (bytes[valueEnd - 1] === 32 || bytes[valueEnd - 1] === 9)) valueEnd--;
    position += 2;
    const field = count * fieldWidth;
    table[field] = nameStart;
    table[field + 1] = colon;
    table[field + 2] = valueStart;
    table[field + 3] = valueEnd;
    table[field + 4] = kindOf(bytes, nameStart, colon);
    count++;
  }
}

/** The table of the block that was scanned last, as its own copy. */
export const takeFields = (): Int32Array => table.slice(0, lines * fieldWidth);

/** The value of the first line of that name (lower case), or `undefined`. */
export function firstValue(bytes: Buffer, fields: Int32Array, name: string): string | undefined {
  const wanted = nameBytes(name);
  for (let field = 0; field < fields.length; field += fieldWidth) {
    if (fields[field + 1]! - fields[field]! !== wanted.length) continue;
    if (!equalsIgnoringCase(bytes, fields[field]!, wanted)) continue;
    return bytes.latin1Slice(fields[field + 2]!, fields[field + 3]!);
  }
  return undefined;
}

export function everyValue(bytes: Buffer, fields: Int32Array, name: string): string[] {
  const wanted = nameBytes(name);
  const values: string[] = [];
  for (let field = 0; field < fields.length; field += fieldWidth) {
    if (fields[field + 1]! - fields[field]! !== wanted.length) continue;
    if (!equalsIgnoringCase(bytes, fields[field]!, wanted)) continue;
    values.push(bytes.latin1Slice(fields[field + 2]!, fields[field + 3]!));
  }
  return values;
}

/** The name of the line at `field`, in lower case. */
export const nameAt = (bytes: Buffer, fields: Int32Array, field: number): string =>
  bytes.latin1Slice(fields[field]!, fields[field + 1]!).toLowerCase();

export const valueAt = (bytes: Buffer, fields: Int32Array, field: number): string =>
  bytes.latin1Slice(fields[field + 2]!, fields[field + 3]!);

/** Whether the name at `bytes[start..end)`, in any case, is `name` (lower case). */
export function isNameAt(bytes: Buffer, start: number, end: number, name: string): boolean {
  const length = end - start;
  if (length !== name.length) return false;
  for (let index = 0; index < length; index++) {
    const byte = bytes[start + index]!;
    if ((byte >= 65 && byte <= 90 ? byte | 32 : byte) !== name.charCodeAt(index)) return false;
  }
  return true;
}

/** Names are asked for by the code, not by requests, so there are few; the limit guards against a caller who passes input on. */
const knownNames = new Map<string, Uint8Array>();

function nameBytes(name: string): Uint8Array {
  const known = knownNames.get(name);
  if (known !== undefined) return known;
  const bytes = Buffer.from(name, "latin1");
  if (knownNames.size < 1_000) knownNames.set(name, bytes);
  return bytes;
}
