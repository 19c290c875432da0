/** `cannot_connect_now`: https://www.postgresql.org/docs/18/errcodes-appendix.html */
const cannotConnectNow = "57P03";

/**
 * What a server says to a client that it does not let in, in PostgreSQL's protocol: the client shows the text, instead of only
 * that its connection was closed. https://www.postgresql.org/docs/18/protocol-message-formats.html (ErrorResponse)
 */
export function refusalMessage(text: string): Buffer {
  const fields = [`SFATAL`, `VFATAL`, `C${cannotConnectNow}`, `M${text.replaceAll("\0", "")}`];
  const body = Buffer.from(`${fields.join("\0")}\0\0`);
  const head = Buffer.alloc(5);
  head.write("E");
  head.writeUInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}
