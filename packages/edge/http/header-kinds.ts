// Kinds of header names that the engine itself acts on. Those from `hopByHop` up are never passed on (RFC 9110, 7.6.1).
export const ordinary = 0;
export const host = 1;
export const contentLength = 2;
export const date = 3;
export const hopByHop = 16;
export const connection = 16;
export const transferEncoding = 17;
export const upgrade = 18;
export const te = 19;
export const trailer = 20;
export const keepAlive = 21;
export const proxyConnection = 22;
/** Ours to answer: an upstream never sees it. */
export const expect = 23;

const byLength: { name: Uint8Array; kind: number }[][] = Array.from({ length: 256 }, () => []);
for (const [name, kind] of [
  ["host", host],
  ["content-length", contentLength],
  ["date", date],
  ["connection", connection],
  ["transfer-encoding", transferEncoding],
  ["upgrade", upgrade],
  ["te", te],
  ["trailer", trailer],
  ["keep-alive", keepAlive],
  ["proxy-connection", proxyConnection],
  ["expect", expect],
] as const) {
  byLength[name.length]!.push({ name: Buffer.from(name), kind });
}

/** The kind of the name at `bytes[start..end)`, any case. */
export function kindOf(bytes: Buffer, start: number, end: number): number {
  const candidates = byLength[end - start];
  if (candidates === undefined) return ordinary;
  for (let index = 0; index < candidates.length; index++) {
    const candidate = candidates[index]!;
    if (equalsIgnoringCase(bytes, start, candidate.name)) return candidate.kind;
  }
  return ordinary;
}

/** `lowerCase` holds letters, digits and hyphens only; the bytes compared are known to be printable. */
export function equalsIgnoringCase(bytes: Buffer, start: number, lowerCase: Uint8Array): boolean {
  for (let index = 0; index < lowerCase.length; index++) {
    if ((bytes[start + index]! | 0x20) !== lowerCase[index]) return false;
  }
  return true;
}
