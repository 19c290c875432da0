import { AlreadyAnsweredError, InvalidHeaderError } from "../errors.ts";
import type { Exchange, HeaderPairs, RawTunnel, RequestBody, ResponseWriter } from "./exchange.ts";
import { dateLine, givenHeaders, hasNoBody, headerLines, scratch, statusLine } from "./head-writer.ts";
import { hostOf } from "./host-header.ts";
import type { PreparedResponse } from "./prepared-response.ts";
import { emptyBody, ServerRequestBody } from "./request-body.ts";
import type { RequestHead } from "./request-head.ts";
import { framedBody, StreamedResponse } from "./streamed-response.ts";
import { sweeper } from "./sweeper.ts";

/** Who writes a streamed answer: hears of the client's pace and of its leaving. */
export interface AnswerSource {
  onClientDrain(): void;
  onClientGone(): void;
}

/** What an exchange needs of its connection. */
export interface ExchangeConnection {
  readonly scheme: "http" | "https";
  readonly remoteAddress: string;
  /** Something waits for the client. */
  readonly blocked: boolean;
  /**
   * The answer begins: gives the `connection` line for its head (`""` for none) and the exchange's extra ones. `untilClose`: its body's end
   * is the connection's.
   */
  beginAnswer(exchange: ServerExchange, untilClose: boolean): string;
  /** False: something waits for the client; `AnswerSource.onClientDrain` follows. */
  send(bytes: Uint8Array, start: number, end: number, borrowed: boolean): boolean;
  endAnswer(exchange: ServerExchange): void;
  openTunnel(exchange: ServerExchange): RawTunnel;
  destroy(): void;
  updateReading(): void;
  sendContinue(): void;
}

/** The engine's `Exchange`. What `Exchange` does not show is for answers streamed by the engine itself. */
export class ServerExchange implements Exchange {
  context: unknown = undefined;
  extraLines = "";
  status = 0;
  responseBytes = 0;
  aborted = false;
  /** The answer is complete. */
  finished = false;
  source: AnswerSource | undefined;
  readonly startedAtMs = sweeper.refresh();
  readonly body: RequestBody;
  private abortListener: (() => void) | undefined;
  private hostText: string | undefined;
  private queryMark = -2;

  constructor(
    readonly head: RequestHead,
    readonly connection: ExchangeConnection,
  ) {
    this.body = head.hasBody ? new ServerRequestBody(connection, head) : emptyBody;
  }

  get method(): string {
    return this.head.method;
  }

  get target(): string {
    return this.head.target;
  }

  get path(): string {
    const mark = this.queryAt();
    return mark === -1 ? this.head.target : this.head.target.slice(0, mark);
  }

  get query(): string {
    const mark = this.queryAt();
    return mark === -1 ? "" : this.head.target.slice(mark + 1);
  }

  get host(): string {
    this.hostText ??= hostOf(this.head.hostPort);
    return this.hostText;
  }

  get hostPort(): string {
    return this.head.hostPort;
  }

  get scheme(): "http" | "https" {
    return this.connection.scheme;
  }

  get minorVersion(): number {
    return this.head.minorVersion;
  }

  get remoteAddress(): string {
    return this.connection.remoteAddress;
  }

  get upgrade(): string {
    return this.head.upgrade;
  }

  get answered(): boolean {
    return this.status !== 0;
  }

  get requestBodyBytes(): number {
    return this.body instanceof ServerRequestBody ? this.body.receivedBytes : 0;
  }

  header(name: string): string | undefined {
    return this.head.header(name);
  }

  headerValues(name: string): string[] {
    return this.head.headerValues(name);
  }

  headers(): [name: string, value: string][] {
    return this.head.headers();
  }

  respond(status: number, headers: HeaderPairs, body: string | Uint8Array = ""): void {
    if (!this.mayAnswer()) return;
    const given = givenHeaders(headers);
    const bytes = typeof body === "string" ? Buffer.from(body) : body;
    const isHead = this.head.method === "HEAD";
    if (given.contentLength !== -1 && given.contentLength !== bytes.length && !isHead && !hasNoBody(status)) {
      throw new InvalidHeaderError("content-length");
    }
    let lines = headerLines(headers);
    if (!given.date) lines += dateLine();
    if (given.contentLength === -1 && !hasNoBody(status)) lines += `content-length: ${bytes.length}\r\n`;
    this.begin(status, lines, isHead || hasNoBody(status) ? undefined : bytes);
    this.finish();
  }

  respondPrepared(prepared: PreparedResponse, extraHeaders?: HeaderPairs): void {
    if (!this.mayAnswer()) return;
    const extra = extraHeaders === undefined ? "" : headerLines(extraHeaders);
    prepared.refreshDate();
    this.status = prepared.status;
    const lines = this.connection.beginAnswer(this, false) + extra;
    const { bytes, headLength } = prepared;
    const end = this.head.method === "HEAD" ? headLength + 2 : bytes.length;
    if (lines === "") this.send(bytes, 0, end, false);
    else {
      const inserted = headLength + lines.length;
      if (inserted + end - headLength <= scratch.length) {
        bytes.copy(scratch, 0, 0, headLength);
        scratch.latin1Write(lines, headLength);
        bytes.copy(scratch, inserted, headLength, end);
        this.send(scratch, 0, inserted + end - headLength, true);
      } else {
        this.send(
          Buffer.concat([bytes.subarray(0, headLength), Buffer.from(lines, "latin1")]),
          0,
          inserted,
          false,
        );
        this.send(bytes, headLength, end, false);
      }
    }
    this.finish();
  }

  startResponse(status: number, headers: HeaderPairs): ResponseWriter {
    const given = givenHeaders(headers);
    const framing = framedBody(this.head, status, given.contentLength);
    if (this.mayAnswer()) {
      const date = given.date ? "" : dateLine();
      this.begin(
        status,
        headerLines(headers) + date + framing.headerLine,
        undefined,
        framing.kind === "close",
      );
    }
    return new StreamedResponse(this, framing);
  }

  acceptUpgrade(headers: HeaderPairs): RawTunnel {
    if (this.head.upgrade === "") throw new TypeError("The client did not ask for an upgrade");
    const lines = headerLines(headers);
    if (this.mayAnswer()) {
      this.status = 101;
      const text = `${statusLine(101)}${lines}connection: Upgrade\r\nupgrade: ${this.head.upgrade}\r\n\r\n`;
      this.send(Buffer.from(text, "latin1"), 0, text.length, false);
    }
    return this.connection.openTunnel(this);
  }

  onAbort(listener: (() => void) | undefined): void {
    if (this.aborted && !this.finished) listener?.();
    else this.abortListener = listener;
  }

  destroy(): void {
    if (!this.finished && !this.aborted) this.connection.destroy();
  }

  /** False: the client has gone, so the answer is dropped. @throws AlreadyAnsweredError */
  mayAnswer(): boolean {
    if (this.aborted) return false;
    if (this.status !== 0) throw new AlreadyAnsweredError(this.head.method, this.path, this.status);
    return true;
  }

  send(bytes: Uint8Array, start: number, end: number, borrowed: boolean): boolean {
    this.responseBytes += end - start;
    return this.connection.send(bytes, start, end, borrowed);
  }

  /** The answer's last byte was handed to the connection. */
  finish(): void {
    if (this.finished || this.aborted) return;
    this.finished = true;
    this.source = undefined;
    this.abortListener = undefined;
    this.connection.endAnswer(this);
  }

  /** Told by the connection: the client has left before the end. */
  clientGone(): void {
    this.aborted = true;
    if (this.body instanceof ServerRequestBody) this.body.fail();
    const { source, abortListener } = this;
    this.source = undefined;
    this.abortListener = undefined;
    source?.onClientGone();
    abortListener?.();
  }

  private begin(status: number, lines: string, body: Uint8Array | undefined, untilClose = false): void {
    this.status = status;
    const text = `${statusLine(status)}${lines}${this.connection.beginAnswer(this, untilClose)}\r\n`;
    const bodyLength = body === undefined ? 0 : body.length;
    if (text.length + bodyLength <= scratch.length) {
      scratch.latin1Write(text, 0);
      if (body !== undefined) scratch.set(body, text.length);
      this.send(scratch, 0, text.length + bodyLength, true);
    } else {
      this.send(Buffer.from(text, "latin1"), 0, text.length, false);
      if (body !== undefined) this.send(body, 0, bodyLength, false);
    }
  }

  private queryAt(): number {
    if (this.queryMark === -2) this.queryMark = this.head.target.indexOf("?");
    return this.queryMark;
  }
}
