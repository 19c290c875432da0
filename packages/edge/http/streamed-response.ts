import type { ResponseWriter } from "./exchange.ts";
import { hasNoBody, scratch } from "./head-writer.ts";
import type { RequestHead } from "./request-head.ts";
import type { AnswerSource, ServerExchange } from "./server-exchange.ts";

/** How the end of an answer's body is told: not sent at all, by its length, by chunks, or by the connection's end. */
export interface BodyFraming {
  kind: "none" | "sized" | "chunked" | "close";
  /** `sized`: bytes to come. */
  remaining: number;
  headerLine: string;
}

/** @param contentLength -1: unknown. */
export function framedBody(head: RequestHead, status: number, contentLength: number): BodyFraming {
  if (hasNoBody(status)) return { kind: "none", remaining: 0, headerLine: "" };
  const kind = contentLength !== -1 ? "sized" : head.minorVersion === 0 ? "close" : "chunked";
  const headerLine = kind === "chunked" ? "transfer-encoding: chunked\r\n" : "";
  return head.method === "HEAD"
    ? { kind: "none", remaining: 0, headerLine }
    : { kind, remaining: contentLength, headerLine };
}

export const lastChunk = Buffer.from("0\r\n\r\n");
const lineEnd = Buffer.from("\r\n");

/** Sends `bytes[start..end)` as one chunk: small ones in one write with their framing. `tail`: the last chunk follows. */
export function sendChunk(
  exchange: ServerExchange,
  bytes: Uint8Array,
  start: number,
  end: number,
  tail: boolean,
): boolean {
  const length = end - start;
  const size = length === 0 ? "" : `${length.toString(16)}\r\n`;
  if (length <= 65_536) {
    let position = scratch.latin1Write(size, 0);
    if (length > 0) {
      scratch.set(bytes.subarray(start, end), position);
      position += length;
      position += scratch.latin1Write("\r\n", position);
    }
    if (tail) position += scratch.latin1Write("0\r\n\r\n", position);
    return exchange.send(scratch, 0, position, true);
  }
  exchange.send(Buffer.from(size), 0, size.length, false);
  exchange.send(bytes, start, end, false);
  const after = tail ? Buffer.concat([lineEnd, lastChunk]) : lineEnd;
  return exchange.send(after, 0, after.length, false);
}

export class StreamedResponse implements ResponseWriter, AnswerSource {
  private drainListener: (() => void) | undefined;
  private waiting = false;
  private ended = false;

  constructor(
    private readonly exchange: ServerExchange,
    private readonly framing: BodyFraming,
  ) {
    if (!exchange.aborted) exchange.source = this;
  }

  write(chunk: string | Uint8Array): boolean {
    if (this.ended) throw new TypeError("A response was written to after its end");
    const bytes = typeof chunk === "string" ? Buffer.from(chunk) : chunk;
    if (this.exchange.aborted || bytes.length === 0) return true;
    const taken = this.sendBody(bytes, false);
    if (!taken) this.waiting = true;
    return taken;
  }

  onDrain(listener: () => void): void {
    this.drainListener = listener;
  }

  end(last?: string | Uint8Array): void {
    if (this.ended) return;
    const bytes =
      last === undefined ? new Uint8Array(0) : typeof last === "string" ? Buffer.from(last) : last;
    this.ended = true;
    if (this.exchange.aborted) return;
    this.sendBody(bytes, true);
    if (this.framing.kind === "sized" && this.framing.remaining > 0) this.exchange.destroy();
    else this.exchange.finish();
  }

  abort(): void {
    this.ended = true;
    this.exchange.destroy();
  }

  onClientDrain(): void {
    if (!this.waiting) return;
    this.waiting = false;
    this.drainListener?.();
  }

  onClientGone(): void {}

  private sendBody(bytes: Uint8Array, last: boolean): boolean {
    const { exchange, framing } = this;
    if (framing.kind === "none") return true;
    if (framing.kind === "chunked") return sendChunk(exchange, bytes, 0, bytes.length, last);
    if (framing.kind === "sized") {
      if (bytes.length > framing.remaining) {
        exchange.destroy();
        throw new RangeError("A response's body is longer than its Content-Length");
      }
      framing.remaining -= bytes.length;
    }
    return bytes.length === 0 ? true : exchange.send(bytes, 0, bytes.length, false);
  }
}
