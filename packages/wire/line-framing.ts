/**
 * Splits a byte stream into lines (`\n`) and hands each to `onLine` as text. A line over `limitBytes` (default 64 MiB)
 * throws, so a broken peer cannot fill memory.
 */
export function lineSplitter(
  onLine: (line: string) => void,
  limitBytes = 64 * 1024 * 1024,
): (chunk: Uint8Array) => void {
  let parts: Uint8Array[] = [];
  let partsBytes = 0;
  return (chunk) => {
    let start = 0;
    for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, start)) {
      const tail = chunk.subarray(start, end);
      start = end + 1;
      if (parts.length === 0) onLine(Buffer.from(tail).toString());
      else {
        const line = Buffer.concat([...parts, tail]).toString();
        parts = [];
        partsBytes = 0;
        onLine(line);
      }
    }
    if (start < chunk.length) {
      partsBytes += chunk.length - start;
      if (partsBytes > limitBytes) throw new RangeError(`A line is longer than ${limitBytes} bytes`);
      // Copied: the chunk's memory belongs to the socket.
      parts.push(Uint8Array.from(chunk.subarray(start)));
    }
  };
}
