/** Both ends belong to it. */
export interface ByteRange {
  start: number;
  end: number;
}

/** More ranges than these in one request are no download but an attack on the server's effort. */
const mostRanges = 16;

/**
 * Reads `Range` (RFC 9110, 14.1.2) for a representation of `sizeBytes`. `undefined`: send it whole, since the header is not understood or asks for
 * too much (many ranges, or together more than the whole, as nginx has it). An empty list: 416.
 */
export function parseByteRanges(header: string, sizeBytes: number): ByteRange[] | undefined {
  const specification = /^\s*bytes\s*=(.+)$/i.exec(header)?.[1];
  if (specification === undefined) return undefined;
  const parts = specification
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");
  if (parts.length === 0 || parts.length > mostRanges) return undefined;
  const ranges: ByteRange[] = [];
  let total = 0;
  for (const part of parts) {
    const match = /^(\d*)\s*-\s*(\d*)$/.exec(part);
    if (!match || (match[1] === "" && match[2] === "")) return undefined;
    const range = toRange(match[1]!, match[2]!, sizeBytes);
    if (range === "invalid") return undefined;
    if (!range) continue;
    ranges.push(range);
    total += range.end - range.start + 1;
  }
  return total > sizeBytes ? undefined : ranges;
}

/** `undefined`: nothing of the representation is asked for. */
function toRange(first: string, last: string, sizeBytes: number): ByteRange | "invalid" | undefined {
  if (first === "") {
    const length = Math.min(Number(last), sizeBytes);
    return length === 0 ? undefined : { start: sizeBytes - length, end: sizeBytes - 1 };
  }
  const start = Number(first);
  const end = last === "" ? Number.POSITIVE_INFINITY : Number(last);
  if (end < start) return "invalid";
  return start >= sizeBytes ? undefined : { start, end: Math.min(end, sizeBytes - 1) };
}

export const contentRange = ({ start, end }: ByteRange, sizeBytes: number): string =>
  `bytes ${start}-${end}/${sizeBytes}`;
