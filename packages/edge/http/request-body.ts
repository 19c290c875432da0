import { BodyTooLargeError, ClientGoneError } from "../errors.ts";
import { ChunkedDecoder } from "./chunked-decoder.ts";
import type { BodySink, RequestBody } from "./exchange.ts";
import type { RequestHead } from "./request-head.ts";

/** What a body needs of its connection. */
export interface BodyConnection {
  /** Stops or resumes reading the socket, as `backlogged` says. */
  updateReading(): void;
  sendContinue(): void;
}

/** The body of a request that has one. States: receiving → received, or failed; and nobody reads → a sink reads, or it is discarded. */
export class ServerRequestBody implements RequestBody {
  readonly empty = false;
  /** Its last byte has come. */
  received = false;
  ended = false;
  receivedBytes = 0;
  discarding = false;
  discardedBytes = 0;
  private failed = false;
  private remaining: number;
  private readonly decoder: ChunkedDecoder | undefined;
  private backlog: Uint8Array[] = [];
  private sink: BodySink | undefined;
  private held = false;
  private continueAwaited: boolean;

  constructor(
    private readonly connection: BodyConnection,
    head: RequestHead,
  ) {
    this.remaining = head.contentLength;
    if (head.chunked) this.decoder = new ChunkedDecoder();
    this.continueAwaited = head.expectsContinue;
  }

  get length(): number | undefined {
    return this.decoder === undefined ? this.receivedBytes + this.remaining : undefined;
  }

  /** Bytes wait for the reader: the client is held back. */
  get backlogged(): boolean {
    return this.held || this.backlog.length > 0;
  }

  /** It is the client's turn to send. */
  get awaited(): boolean {
    return !this.received && !this.backlogged && !this.continueAwaited;
  }

  /** What is left is not worth dropping, or will not come unless asked for: the connection is closed after the answer. */
  exceeds(discardBytes: number): boolean {
    if (this.received || this.sink !== undefined) return false;
    return this.continueAwaited || this.remaining > discardBytes;
  }

  /** Takes what is the body's of `bytes` and gives the position after it; -1: the framing is broken. */
  feed(bytes: Buffer, start: number): number {
    if (this.decoder === undefined) {
      const end = Math.min(bytes.length, start + this.remaining);
      this.remaining -= end - start;
      if (end > start) this.deliver(start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end));
      if (this.remaining === 0) this.finish();
      return end;
    }
    let position = start;
    const decoder = this.decoder;
    while (position < bytes.length && !decoder.done) {
      position = decoder.step(bytes, position);
      if (decoder.failed) return -1;
      if (decoder.dataEnd > decoder.dataStart)
        this.deliver(bytes.subarray(decoder.dataStart, decoder.dataEnd));
    }
    if (decoder.done) this.finish();
    return position;
  }

  stream(sink: BodySink): void {
    if (this.sink !== undefined) throw new TypeError("A request body has one reader");
    this.sink = sink;
    if (this.failed) {
      sink.onAbort();
      return;
    }
    if (this.continueAwaited) {
      this.continueAwaited = false;
      if (this.receivedBytes === 0) this.connection.sendContinue();
    }
    this.resume();
  }

  resume(): void {
    if (this.failed || this.discarding) return;
    this.held = false;
    let taken = 0;
    while (this.sink !== undefined && !this.held && taken < this.backlog.length) {
      this.held = !this.sink.onChunk(this.backlog[taken++]!);
    }
    if (taken > 0) this.backlog.splice(0, taken);
    this.tellEnd();
    this.connection.updateReading();
  }

  async collect(limitBytes: number): Promise<Uint8Array> {
    const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    if ((this.length ?? 0) > limitBytes) throw new BodyTooLargeError(limitBytes);
    this.stream({
      onChunk: (chunk) => {
        bytes += chunk.length;
        if (bytes <= limitBytes) return chunks.push(chunk) > 0;
        reject(new BodyTooLargeError(limitBytes));
        return false;
      },
      onEnd: () => resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)),
      onAbort: () => reject(new ClientGoneError()),
    });
    return promise;
  }

  /** Nobody wants the rest. */
  discard(): void {
    this.discarding = true;
    this.sink = undefined;
    this.backlog = [];
    this.held = false;
    this.connection.updateReading();
  }

  /** The client left, or its framing is broken. */
  fail(): void {
    if (this.failed || this.ended) return;
    this.failed = true;
    this.backlog = [];
    this.sink?.onAbort();
  }

  private deliver(chunk: Uint8Array): void {
    this.receivedBytes += chunk.length;
    if (this.discarding) {
      this.discardedBytes += chunk.length;
      return;
    }
    if (this.sink !== undefined && !this.held && this.backlog.length === 0)
      this.held = !this.sink.onChunk(chunk);
    else this.backlog.push(chunk);
  }

  private finish(): void {
    this.received = true;
    this.tellEnd();
  }

  private tellEnd(): void {
    if (!this.received || this.ended || this.discarding || this.sink === undefined || this.backlog.length > 0)
      return;
    this.ended = true;
    this.sink.onEnd();
  }
}

/** The body of a request without one. */
export const emptyBody: RequestBody = {
  empty: true,
  length: 0,
  ended: true,
  stream: (sink) => sink.onEnd(),
  resume() {},
  collect: async () => new Uint8Array(0),
};
