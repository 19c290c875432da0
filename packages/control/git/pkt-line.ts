/** git's pkt-line framing: https://git-scm.com/docs/protocol-common#_pkt_line_format */
export const flushPacket = "0000";

/** One packet; its length stands in front, itself included, as four hexadecimal digits. */
export function packet(text: string): string {
  return `${(Buffer.byteLength(text) + 4).toString(16).padStart(4, "0")}${text}`;
}

/** Reads packets from a stream: a line's text without its line end, `undefined` for a flush; ends with the stream. */
export async function* readPackets(
  stream: AsyncIterable<Uint8Array>,
): AsyncGenerator<string | undefined, void, void> {
  let buffered = Buffer.alloc(0);
  for await (const chunk of stream) {
    buffered = Buffer.concat([buffered, chunk]);
    while (buffered.length >= 4) {
      const length = Number.parseInt(buffered.toString("latin1", 0, 4), 16);
      if (length === 0) {
        buffered = buffered.subarray(4);
        yield undefined;
        continue;
      }
      if (!(length >= 4))
        throw new RangeError(`Not a packet: ${JSON.stringify(buffered.toString("latin1", 0, 4))}`);
      if (buffered.length < length) break;
      const text = buffered.toString("utf8", 4, length).replace(/\n$/, "");
      buffered = buffered.subarray(length);
      yield text;
    }
  }
}
