import { ChunkedDecoder } from "../http/chunked-decoder.ts";
import { hasNoBody } from "../http/head-writer.ts";
import { type RawSocket, SocketOutput } from "../http/socket-output.ts";
import { SocketTunnel } from "../http/socket-tunnel.ts";
import { type Swept, sweeper } from "../http/sweeper.ts";
import type { UpstreamFailure } from "./forward-options.ts";
import { parseResponseHead, type ResponseHead } from "./response-head.ts";
import type { UpstreamCall } from "./upstream-call.ts";

/** What a connection needs of its origin. */
export interface ConnectionPool {
  readonly name: string;
  readonly idleTimeoutMs: number;
  release(connection: UpstreamConnection): void;
  forget(connection: UpstreamConnection): void;
}

/**
 * One connection to an upstream, with one request at a time. States: `connecting` → `idle` ⇄ `head` → `body` → `idle`, or `tunnel`;
 * from everywhere `closed`.
 */
export class UpstreamConnection implements Swept {
  output!: SocketOutput;
  /** The request was sent completely. */
  requestDone = false;
  private socket!: RawSocket;
  private state: "connecting" | "idle" | "head" | "sized" | "chunked" | "toEnd" | "tunnel" | "closed" =
    "connecting";
  private call: UpstreamCall | undefined;
  private tunnel: SocketTunnel | undefined;
  private input: Buffer | undefined;
  private remaining = 0;
  private readonly decoder = new ChunkedDecoder();
  private keepAlive = false;
  private reused = false;
  private answering = false;
  private paused = false;
  private idleDeadlineMs = 0;
  private idleTimeoutMs: number;

  constructor(private readonly pool: ConnectionPool) {
    this.idleTimeoutMs = pool.idleTimeoutMs;
    sweeper.add(this);
  }

  get originName(): string {
    return this.pool.name;
  }

  /** Gives an idle or connecting connection its next request. */
  assign(call: UpstreamCall): void {
    this.call = call;
    this.requestDone = false;
    this.answering = false;
    if (this.state !== "idle") return;
    this.reused = true;
    this.state = "head";
    call.opened(this);
  }

  opened(socket: RawSocket): void {
    if (this.state === "closed") {
      socket.terminate();
      return;
    }
    this.socket = socket;
    this.output = new SocketOutput(socket);
    this.state = "head";
    this.call!.opened(this);
  }

  connectFailed(message: string): void {
    this.lose("connect", `No connection to ${this.pool.name}: ${message}`);
  }

  received(chunk: Buffer): void {
    if (this.state === "tunnel") {
      this.tunnel!.handler.onBytes(chunk);
      return;
    }
    if (this.call === undefined || this.state === "closed") {
      // An answer that nobody asked for must not become the answer of the next request.
      this.destroy();
      return;
    }
    const bytes = this.input === undefined ? chunk : Buffer.concat([this.input, chunk]);
    this.input = undefined;
    this.answering = true;
    const call = this.call;
    this.process(bytes, call);
    call.turnEnded();
  }

  drained(): void {
    if (this.state === "closed" || this.state === "connecting") return;
    if (!this.output.flush()) return;
    if (this.state === "tunnel") this.tunnel!.drained();
    else this.call?.drained();
  }

  /** The upstream sends no more. */
  ended(): void {
    if (this.state === "tunnel") this.tunnel!.handler.onEnd();
    else if (this.state === "toEnd") this.complete();
    else this.lose("closed", `${this.pool.name} closed the connection before its answer was complete`);
  }

  /** The socket is closed. */
  left(): void {
    if (this.state === "tunnel") {
      this.close();
      this.tunnel!.socketClosed();
    } else this.lose("closed", `The connection to ${this.pool.name} was lost`);
  }

  pause(): void {
    if (this.paused || this.state === "closed") return;
    this.paused = true;
    this.socket.pause();
  }

  resume(): void {
    if (!this.paused || this.state === "closed") return;
    this.paused = false;
    this.socket.resume();
  }

  /** Ends it and forgets its call without telling: the call has decided so. */
  destroy(): void {
    this.call = undefined;
    const { state } = this;
    this.close();
    if (state !== "closed" && state !== "connecting") this.socket.terminate();
  }

  sweep(nowMs: number): void {
    if (this.call !== undefined) this.call.sweep(nowMs);
    else if (this.state === "idle" && nowMs >= this.idleDeadlineMs) this.destroy();
  }

  private process(bytes: Buffer, call: UpstreamCall): void {
    let position = 0;
    if (this.state === "head") {
      position = this.readHead(bytes, call);
      if (position === -1) return;
    }
    if (this.call !== call) return;
    if (this.state === "sized") {
      const end = Math.min(bytes.length, position + this.remaining);
      this.remaining -= end - position;
      if (end > position) call.bodyReceived(bytes, position, end);
      if (this.remaining === 0) this.completeAt(bytes, end, call);
    } else if (this.state === "chunked") this.readChunks(bytes, position, call);
    else if (this.state === "toEnd" && position < bytes.length)
      call.bodyReceived(bytes, position, bytes.length);
  }

  /** Gives the position after the head, or -1 when there is nothing more to do. */
  private readHead(bytes: Buffer, call: UpstreamCall): number {
    let position = 0;
    for (;;) {
      const head = parseResponseHead(bytes, position);
      if (head === undefined) {
        this.input = position === 0 ? bytes : bytes.subarray(position);
        return -1;
      }
      if (typeof head === "string") {
        this.lose("invalid_answer", `The answer of ${this.pool.name} cannot be read: ${head}`);
        return -1;
      }
      if (head.status >= 200) {
        this.begin(head, call);
        return head.end;
      }
      if (head.status === 101) {
        this.switchProtocols(head, bytes, call);
        return -1;
      }
      // Interim answers end here: 100 is ours to give, 102 and 103 are optional (RFC 9110, 15.2).
      position = head.end;
      if (position === bytes.length) return -1;
    }
  }

  private begin(head: ResponseHead, call: UpstreamCall): void {
    this.keepAlive = head.keepAlive;
    if (head.keepAliveSeconds > 0) {
      // Away a second before the upstream closes it, so that no request meets the close.
      this.idleTimeoutMs = Math.min(this.pool.idleTimeoutMs, head.keepAliveSeconds * 1_000 - 1_000);
    }
    if (call.method === "HEAD" || hasNoBody(head.status)) {
      this.state = "sized";
      this.remaining = 0;
    } else if (head.chunked) {
      this.state = "chunked";
      this.decoder.reset();
    } else if (head.contentLength !== -1) {
      this.state = "sized";
      this.remaining = head.contentLength;
    } else {
      this.state = "toEnd";
      this.keepAlive = false;
    }
    call.headReceived(head);
  }

  private switchProtocols(head: ResponseHead, bytes: Buffer, call: UpstreamCall): void {
    if (!call.upgrading) {
      this.lose("invalid_answer", `${this.pool.name} switched protocols unasked`);
      return;
    }
    this.state = "tunnel";
    this.call = undefined;
    this.tunnel = new SocketTunnel(this.socket, this.output, bytes.subarray(head.end));
    call.upgraded(head, this.tunnel);
  }

  private readChunks(bytes: Buffer, start: number, call: UpstreamCall): void {
    const { decoder } = this;
    let position = start;
    while (position < bytes.length && !decoder.done) {
      position = decoder.step(bytes, position);
      if (decoder.failed) {
        this.lose("invalid_answer", `The chunked answer of ${this.pool.name} is broken`);
        return;
      }
      if (decoder.dataEnd > decoder.dataStart) call.bodyReceived(bytes, decoder.dataStart, decoder.dataEnd);
      if (this.call !== call) return;
    }
    if (decoder.done) this.completeAt(bytes, position, call);
  }

  private completeAt(bytes: Buffer, end: number, call: UpstreamCall): void {
    if (this.call !== call) return;
    // Bytes behind the answer belong to no request: the connection cannot be trusted any more.
    if (end < bytes.length) this.keepAlive = false;
    this.complete();
  }

  private complete(): void {
    const call = this.call;
    this.call = undefined;
    if (this.keepAlive && this.requestDone && this.idleTimeoutMs > 0) {
      this.state = "idle";
      this.resume();
      this.idleDeadlineMs = sweeper.nowMs + this.idleTimeoutMs;
      this.pool.release(this);
    } else this.destroy();
    call?.answerEnded();
  }

  private lose(kind: UpstreamFailure["kind"], message: string): void {
    if (this.state === "closed") return;
    const { call } = this;
    const stale = this.reused && !this.answering;
    this.destroy();
    call?.lost(kind, message, stale);
  }

  private close(): void {
    if (this.state === "closed") return;
    this.state = "closed";
    sweeper.remove(this);
    this.pool.forget(this);
  }
}
