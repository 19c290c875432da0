import type { ServerExchange } from "../http/server-exchange.ts";
import { lastChunk } from "../http/streamed-response.ts";

const capacityBytes = 262_144;
/** From here on one more write is cheaper than copying. */
const copyLimitBytes = 65_536;
const lineEnd = Buffer.from("\r\n");

/**
 * Puts together what one read from an upstream brings for its client, so that head, body and last chunk leave in one write. There is one, for there is
 * one read at a time; it belongs to one exchange from `begin` to `flush`.
 */
class Gathering {
  length = 0;
  private readonly bytes = Buffer.allocUnsafeSlow(capacityBytes);
  private owner: ServerExchange | undefined;

  /** Whatever an exchange that broke off has left behind is forgotten. */
  begin(exchange: ServerExchange): Buffer {
    this.owner = exchange;
    this.length = 0;
    return this.bytes;
  }

  body(exchange: ServerExchange, body: Buffer, start: number, end: number, chunked: boolean): void {
    if (this.owner !== exchange) this.begin(exchange);
    const length = end - start;
    if (length > copyLimitBytes || this.length + length + 32 > capacityBytes) {
      if (chunked) this.line(`${length.toString(16)}\r\n`);
      this.send(exchange);
      exchange.send(body, start, end, false);
      if (chunked) this.length += lineEnd.copy(this.bytes, this.length);
      return;
    }
    if (chunked) this.line(`${length.toString(16)}\r\n`);
    this.length += body.copy(this.bytes, this.length, start, end);
    if (chunked) this.length += lineEnd.copy(this.bytes, this.length);
  }

  /** False: the client is behind. */
  flush(exchange: ServerExchange): boolean {
    if (this.owner === exchange) this.send(exchange);
    this.owner = undefined;
    return !exchange.connection.blocked;
  }

  /** The answer is complete. */
  end(exchange: ServerExchange, chunked: boolean): void {
    if (this.owner !== exchange) this.begin(exchange);
    if (chunked) this.length += lastChunk.copy(this.bytes, this.length);
    this.flush(exchange);
  }

  private line(text: string): void {
    this.length += this.bytes.latin1Write(text, this.length);
  }

  private send(exchange: ServerExchange): void {
    const { length } = this;
    this.length = 0;
    if (length > 0) exchange.send(this.bytes, 0, length, true);
  }
}

export const gathering = new Gathering();
