import { ClientDeadlines } from "./client-deadlines.ts";
import type { ConnectionServer } from "./connection-server.ts";
import type { HttpLimits } from "./limits.ts";
import { brokenBody, Refusal, requestTimeout } from "./refusal.ts";
import { ServerRequestBody } from "./request-body.ts";
import { parseRequestHead } from "./request-parser.ts";
import { type ExchangeConnection, ServerExchange } from "./server-exchange.ts";
import { type RawSocket, SocketOutput } from "./socket-output.ts";
import { SocketTunnel } from "./socket-tunnel.ts";
import { type Swept, sweeper } from "./sweeper.ts";

/** Of requests that come while one is being answered; beyond it the client is held back. */
const pipelineLimitBytes = 65_536;
const goOn = Buffer.from("HTTP/1.1 100 Continue\r\n\r\n");

/**
 * One client's connection. States: `requests` (idle, in a head, or in an exchange; one exchange at a time, so answers keep the order of
 * requests) → `lingering` (the last answer is on its way, input is dropped) or `tunnel` → `closed`.
 */
export class Connection implements ExchangeConnection, Swept {
  readonly scheme: "http" | "https";
  private state: "requests" | "lingering" | "tunnel" | "closed" = "requests";
  private readonly limits: HttpLimits;
  private readonly output: SocketOutput;
  private exchange: ServerExchange | undefined;
  private tunnel: SocketTunnel | undefined;
  /** Received and not yet parsed: part of a head, or requests that wait for their turn. */
  private input: Buffer | undefined;
  private processing = false;
  private persistent = true;
  private paused = false;
  private peerEnded = false;
  private readonly deadlines: ClientDeadlines;
  private address: string | undefined;

  constructor(
    private readonly server: ConnectionServer,
    private readonly socket: RawSocket & { readonly remoteAddress?: string },
  ) {
    this.scheme = server.scheme;
    this.limits = server.limits;
    this.output = new SocketOutput(socket);
    this.deadlines = new ClientDeadlines(this.limits);
    sweeper.add(this);
  }

  get remoteAddress(): string {
    this.address ??= (this.socket.remoteAddress ?? "").replace(/^::ffff:(?=\d+\.)/, "");
    return this.address;
  }

  get blocked(): boolean {
    return this.output.blocked;
  }

  received(chunk: Buffer): void {
    if (this.state === "tunnel") this.tunnel!.handler.onBytes(chunk);
    if (this.state !== "requests") return;
    if (this.input === undefined) {
      this.process(chunk);
      return;
    }
    const bytes = Buffer.concat([this.input, chunk]);
    // Without a line's end nothing can be decided, and a client that sends byte by byte must not make us parse as often.
    const partOfHead = this.exchange === undefined && bytes.length < this.limits.headBytes;
    if (partOfHead && !chunk.includes(10)) this.input = bytes;
    else this.process(bytes);
  }

  drained(): void {
    this.deadlines.tookAnswer();
    if (!this.output.flush()) return;
    if (this.state === "tunnel") this.tunnel!.drained();
    else if (this.state === "lingering") this.shut();
    else if (this.exchange === undefined) this.resumeRequests();
    else this.exchange.source?.onClientDrain();
  }

  /** The client sends no more. As with nginx, that is leaving: whoever closes looks the same. */
  ended(): void {
    this.peerEnded = true;
    if (this.state === "tunnel") this.tunnel!.handler.onEnd();
    else if (!this.output.blocked || (this.exchange !== undefined && !this.exchange.finished)) this.close();
    // The last answer is still on its way out.
    else this.linger();
  }

  /** The socket is closed, whoever did it. */
  left(): void {
    if (this.state === "closed") return;
    this.state = "closed";
    sweeper.remove(this);
    this.output.drop();
    this.input = undefined;
    this.tunnel?.socketClosed();
    const exchange = this.exchange;
    this.exchange = undefined;
    if (exchange !== undefined && this.tunnel === undefined) this.abandon(exchange);
    this.server.closed(this);
  }

  /** Between requests nothing is lost by it. */
  closeIfIdle(): void {
    if (this.exchange === undefined && !this.deadlines.inHead && !this.output.blocked) this.linger();
  }

  destroy(): void {
    if (this.state === "closed") return;
    this.socket.terminate();
    this.left();
  }

  beginAnswer(exchange: ServerExchange, untilClose: boolean): string {
    const { body, head } = exchange;
    const tooMuch = body instanceof ServerRequestBody && body.exceeds(this.limits.discardBytes);
    this.persistent = head.keepAlive && !this.server.draining && !tooMuch && !untilClose;
    const { extraLines } = exchange;
    if (!this.persistent) return `connection: close\r\n${extraLines}`;
    return head.minorVersion === 0 ? `connection: keep-alive\r\n${extraLines}` : extraLines;
  }

  send(bytes: Uint8Array, start: number, end: number, borrowed: boolean): boolean {
    if (this.state === "closed") return true;
    const waited = this.output.blocked;
    const taken = this.output.write(bytes, start, end, borrowed);
    if (!taken && !waited) this.deadlines.tookAnswer();
    return taken;
  }

  endAnswer(exchange: ServerExchange): void {
    const { body } = exchange;
    if (body instanceof ServerRequestBody && !body.received) {
      if (body.exceeds(this.limits.discardBytes)) this.persistent = false;
      else body.discard();
    }
    this.settle(exchange);
  }

  openTunnel(exchange: ServerExchange): SocketTunnel {
    const early = this.input;
    this.input = undefined;
    this.tunnel = new SocketTunnel(this.socket, this.output, early);
    if (this.state === "closed") {
      queueMicrotask(() => this.tunnel?.socketClosed());
      return this.tunnel;
    }
    this.state = "tunnel";
    exchange.finished = true;
    this.server.finished(exchange);
    return this.tunnel;
  }

  updateReading(): void {
    // `process` does it at its end.
    if (this.processing || this.state !== "requests") return;
    const body = this.exchange?.body;
    const held =
      (body instanceof ServerRequestBody && body.backlogged) ||
      (this.exchange !== undefined && this.input !== undefined && this.input.length > pipelineLimitBytes);
    if (held === this.paused) return;
    this.paused = held;
    if (held) this.socket.pause();
    else this.socket.resume();
  }

  sendContinue(): void {
    if (this.exchange?.answered === false) this.send(goOn, 0, goOn.length, false);
  }

  sweep(nowMs: number): void {
    const { deadlines, exchange } = this;
    if (this.output.blocked) {
      if (deadlines.answerOver(nowMs)) this.destroy();
    } else if (this.state === "lingering") {
      if (deadlines.closeOver(nowMs)) this.destroy();
    } else if (this.state === "requests" && exchange !== undefined) {
      const { body } = exchange;
      if (body instanceof ServerRequestBody && deadlines.bodyOver(body, nowMs))
        this.breakOff(exchange, requestTimeout);
    } else if (this.state === "requests" && deadlines.requestOver(nowMs)) {
      if (deadlines.inHead) this.refuse(requestTimeout);
      else this.linger();
    }
  }

  /** Goes through `bytes` as far as it can: body, answers, further requests. */
  private process(bytes: Buffer): void {
    let position = 0;
    this.processing = true;
    this.input = undefined;
    while (this.state === "requests") {
      const exchange = this.exchange;
      if (exchange !== undefined) {
        position = this.feedBody(exchange, bytes, position);
        if (this.exchange === exchange) break;
        continue;
      }
      if (this.output.blocked || position === bytes.length) break;
      const head = parseRequestHead(bytes, position, this.limits);
      if (head === undefined) break;
      if (head instanceof Refusal) {
        this.refuse(head);
        break;
      }
      position = head.end;
      // Kept here while the handler runs: it may take over the connection, with what came behind the head.
      this.input = position < bytes.length ? bytes.subarray(position) : undefined;
      if (position < bytes.length) this.output.cork();
      this.deadlines.inHead = false;
      const begun = new ServerExchange(head, this);
      this.exchange = begun;
      if (begun.body instanceof ServerRequestBody) this.deadlines.bodyAwaited(begun.body);
      this.server.begin(begun);
    }
    this.processing = false;
    this.output.uncork();
    if (this.state !== "requests") return;
    this.input = position < bytes.length ? (position === 0 ? bytes : bytes.subarray(position)) : undefined;
    if (this.exchange === undefined) this.awaitRequest();
    else this.updateReading();
  }

  private feedBody(exchange: ServerExchange, bytes: Buffer, position: number): number {
    const body = exchange.body;
    if (!(body instanceof ServerRequestBody) || body.received || position === bytes.length) return position;
    const after = body.feed(bytes, position);
    if (after === -1) this.breakOff(exchange, brokenBody);
    else if (body.discardedBytes > this.limits.discardBytes) this.persistent = false;
    if (exchange.finished) this.settle(exchange);
    return after === -1 ? bytes.length : after;
  }

  /** Nothing of a request is left to do once it is answered and its body has been taken off the connection. */
  private settle(exchange: ServerExchange): void {
    if (this.exchange !== exchange) return;
    const { body } = exchange;
    if (this.persistent && body instanceof ServerRequestBody && !body.received) return;
    this.exchange = undefined;
    this.server.finished(exchange);
    if (!this.persistent) this.linger();
    else if (!this.processing) this.resumeRequests();
  }

  private resumeRequests(): void {
    if (this.input !== undefined) this.process(this.input);
    else this.awaitRequest();
  }

  private awaitRequest(): void {
    this.deadlines.requestAwaited(this.input !== undefined);
    if (this.paused) this.updateReading();
    if (this.server.draining) this.closeIfIdle();
  }

  /** The request cannot be read to its end: answers it if it was not, and reads nothing more. */
  private breakOff(exchange: ServerExchange, refusal: Refusal): void {
    const { answered, finished } = exchange;
    this.exchange = undefined;
    this.abandon(exchange);
    if (finished) this.linger();
    else if (answered) this.destroy();
    else this.refuse(refusal);
  }

  private abandon(exchange: ServerExchange): void {
    if (!exchange.finished) exchange.clientGone();
    this.server.finished(exchange);
  }

  private refuse(refusal: Refusal): void {
    this.server.refused(refusal);
    const answer = refusal.answer();
    this.send(answer, 0, answer.length, false);
    this.linger();
  }

  /**
   * The last answer is sent, then our side is shut, and input is dropped until the client closes: closing with input unread would make the kernel
   * send a reset, which can overtake the answer.
   */
  private linger(): void {
    if (this.state !== "requests") return;
    this.state = "lingering";
    this.output.uncork();
    this.input = undefined;
    this.deadlines.tookAnswer();
    if (this.paused) this.socket.resume();
    this.paused = false;
    if (!this.output.blocked) this.shut();
  }

  private shut(): void {
    if (this.peerEnded) this.close();
    else this.socket.shutdown();
  }

  private close(): void {
    this.socket.end();
    this.left();
  }
}
