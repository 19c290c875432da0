import type { BodySink } from "../http/exchange.ts";
import type { AnswerSource, ServerExchange } from "../http/server-exchange.ts";
import type { SocketTunnel } from "../http/socket-tunnel.ts";
import { type BodyFraming, framedBody, lastChunk } from "../http/streamed-response.ts";
import { AnswerHead } from "./answer-head.ts";
import { bridgeTunnels } from "./bridge-tunnels.ts";
import type { ForwardOptions, UpstreamFailure } from "./forward-options.ts";
import { gathering } from "./gathering.ts";
import type { UpstreamOrigin } from "./origin.ts";
import { passesUpgrade, writeRequestHead } from "./request-writer.ts";
import type { ResponseHead } from "./response-head.ts";
import type { UpstreamCall } from "./upstream-call.ts";
import type { UpstreamConnection } from "./upstream-connection.ts";

const requestScratch = Buffer.allocUnsafeSlow(262_144);
const idempotentMethods = new Set(["GET", "HEAD", "OPTIONS", "PUT", "DELETE"]);

/** One request on its way through: the exchange on one side, an upstream connection on the other. */
export class ForwardCall implements UpstreamCall, AnswerSource, BodySink {
  readonly method: string;
  readonly upgrading: boolean;
  private connection: UpstreamConnection | undefined;
  private answer: AnswerHead | undefined;
  private framing: BodyFraming | undefined;
  /** Bytes of the request were handed to a socket. */
  private sent = false;
  private bodyStreamed = false;
  private settled = false;
  private takenChunks: Buffer[] = [];
  private takenBytes = 0;

  constructor(
    private readonly exchange: ServerExchange,
    private readonly origin: UpstreamOrigin,
    private readonly options: ForwardOptions,
  ) {
    this.method = options.method ?? exchange.head.method;
    this.upgrading = options.body === undefined && passesUpgrade(exchange.head);
  }

  begin(): void {
    const clientThere = this.exchange.mayAnswer();
    this.origin.inFlight++;
    if (!clientThere) {
      this.settle();
      return;
    }
    this.exchange.source = this;
    this.connection = this.origin.start(this, false);
  }

  opened(connection: UpstreamConnection): void {
    const { exchange, options } = this;
    // Set here as well: a kept connection calls before `start` has returned.
    this.connection = connection;
    let length: number;
    try {
      length = writeRequestHead(requestScratch, exchange.head, options);
    } catch (error) {
      this.giveUp("invalid_request", error instanceof Error ? error.message : String(error));
      return;
    }
    if (length === -1) {
      this.giveUp("invalid_request", "The request's head is too large to be passed on");
      return;
    }
    const { body } = options;
    const { output } = connection;
    this.sent = output.write(requestScratch, 0, length, true) || output.blocked;
    if (body !== undefined) {
      if (body.length > 0) output.write(body, 0, body.length, false);
      connection.requestDone = true;
    } else if (exchange.body.empty) connection.requestDone = true;
    else {
      this.bodyStreamed = true;
      exchange.body.stream(this);
    }
  }

  // The request's body, on its way up.

  onChunk(chunk: Uint8Array): boolean {
    const { connection } = this;
    if (connection === undefined) return true;
    if (!this.exchange.head.chunked) return connection.output.write(chunk, 0, chunk.length, false);
    const framed = Buffer.allocUnsafe(chunk.length + 12);
    const start = framed.latin1Write(`${chunk.length.toString(16)}\r\n`, 0);
    framed.set(chunk, start);
    const end = start + chunk.length;
    return connection.output.write(framed, 0, end + framed.latin1Write("\r\n", end), false);
  }

  onEnd(): void {
    const { connection } = this;
    if (connection === undefined) return;
    if (this.exchange.head.chunked) connection.output.write(lastChunk, 0, lastChunk.length, false);
    connection.requestDone = true;
  }

  /** `onClientGone` says the same. */
  onAbort(): void {}

  drained(): void {
    this.exchange.body.resume();
  }

  // The answer, on its way down.

  headReceived(head: ResponseHead): void {
    const { exchange, options } = this;
    const answer = new AnswerHead(head, options.dropAnswerHeaders);
    this.answer = answer;
    options.handler.onHead(exchange, answer);
    if (answer.taken !== undefined || exchange.aborted) return;
    const framing = framedBody(exchange.head, answer.status, head.contentLength);
    this.framing = framing;
    exchange.status = answer.status;
    const lines = framing.headerLine + exchange.connection.beginAnswer(exchange, framing.kind === "close");
    const length = answer.write(gathering.begin(exchange), lines);
    if (length === -1) {
      exchange.status = 0;
      this.giveUp("invalid_answer", `The head of ${this.origin.name}'s answer is too large`);
      return;
    }
    gathering.length = length;
  }

  bodyReceived(bytes: Buffer, start: number, end: number): void {
    const { answer, framing } = this;
    if (answer === undefined || this.settled) return;
    if (answer.taken !== undefined) {
      this.takenBytes += end - start;
      if (this.takenBytes > answer.takeLimitBytes) {
        this.giveUp(
          "body_too_large",
          `The answer of ${this.origin.name} is larger than ${answer.takeLimitBytes} bytes`,
        );
      } else this.takenChunks.push(bytes.subarray(start, end));
      return;
    }
    if (framing!.kind !== "none")
      gathering.body(this.exchange, bytes, start, end, framing!.kind === "chunked");
    answer.tap?.onChunk(bytes.subarray(start, end));
  }

  turnEnded(): void {
    if (this.settled || this.answer === undefined || this.answer.taken !== undefined) return;
    if (!gathering.flush(this.exchange)) this.connection?.pause();
  }

  answerEnded(): void {
    if (this.settled) return;
    const { answer, exchange } = this;
    this.connection = undefined;
    if (answer!.taken !== undefined) {
      exchange.source = undefined;
      const body = this.takenChunks.length === 1 ? this.takenChunks[0]! : Buffer.concat(this.takenChunks);
      answer!.taken(exchange, body);
      this.settle();
      return;
    }
    gathering.end(exchange, this.framing!.kind === "chunked");
    // Before `finish`, which may take up the client's next request and forward that.
    this.settle(true);
    exchange.finish();
  }

  upgraded(head: ResponseHead, tunnel: SocketTunnel): void {
    const { exchange, options } = this;
    const answer = new AnswerHead(head, options.dropAnswerHeaders);
    this.connection = undefined;
    options.handler.onHead(exchange, answer);
    exchange.source = undefined;
    bridgeTunnels(exchange.acceptUpgrade(answer.pairs()), tunnel, () => this.settle());
  }

  lost(kind: UpstreamFailure["kind"], message: string, stale: boolean): void {
    this.connection = undefined;
    if (this.settled) return;
    // A kept connection had died: nothing was answered, and this method may be sent twice.
    if (stale && !this.bodyStreamed && (!this.sent || idempotentMethods.has(this.method))) {
      this.sent = false;
      this.connection = this.origin.start(this, true);
      return;
    }
    this.fail(kind, message);
  }

  // The client.

  onClientDrain(): void {
    this.connection?.resume();
  }

  onClientGone(): void {
    this.release();
    this.settle();
  }

  sweep(nowMs: number): void {
    const { deadlineAtMs = 0, headDeadlineAtMs = 0 } = this.options;
    if (deadlineAtMs > 0 && nowMs >= deadlineAtMs) {
      this.giveUp("deadline", `${this.origin.name} did not answer completely in time`);
    } else if (headDeadlineAtMs > 0 && nowMs >= headDeadlineAtMs && this.answer === undefined) {
      this.giveUp("head_deadline", `${this.origin.name} did not begin to answer in time`);
    }
  }

  private giveUp(kind: UpstreamFailure["kind"], message: string): void {
    this.release();
    this.fail(kind, message);
  }

  private release(): void {
    this.connection?.destroy();
    this.connection = undefined;
  }

  private fail(kind: UpstreamFailure["kind"], message: string): void {
    const { exchange } = this;
    exchange.source = undefined;
    if (exchange.status !== 0) {
      this.settle();
      // Half an answer was sent: only a broken connection tells the client so.
      exchange.destroy();
      return;
    }
    const mayRetry = !this.bodyStreamed && (!this.sent || idempotentMethods.has(this.method));
    if (!exchange.aborted) this.options.handler.onFailure(exchange, { kind, message, mayRetry });
    this.settle();
  }

  private settle(complete = false): void {
    if (this.settled) return;
    this.settled = true;
    this.origin.inFlight--;
    this.answer?.tap?.onEnd(complete);
    this.options.handler.onSettled?.(this.exchange);
  }
}
