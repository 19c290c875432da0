import type { PreparedResponse } from "./prepared-response.ts";

/** Header lines in their order; names in any case. Values hold no CR, LF or NUL (`InvalidHeaderError`). */
export type HeaderPairs = readonly (readonly [name: string, value: string])[];

/**
 * Answers one exchange: at once, later, or by handing it on. Whatever it throws or rejects with becomes a 500 without detail and is
 * told to `HttpServerOptions.onError`.
 */
export type Handler = (exchange: Exchange) => void | Promise<void>;

/**
 * One request and its answer. Exactly one of `respond`, `respondPrepared`, `startResponse`, `acceptUpgrade` or `forward` (of
 * `edge/upstream`) answers it; a second answer throws `AlreadyAnsweredError`, except that after the client has left (`aborted`) every
 * answer is dropped in silence. An exchange object is never used again for another request, so it may be kept.
 */
export interface Exchange {
  /** As sent; methods are case-sensitive. Never CONNECT or TRACE. */
  readonly method: string;
  /** Request target in origin form, byte for byte as the client sent it (`/a/../b?x=%2F`, or `*`). */
  readonly target: string;
  /** `target` up to the first `?`; not decoded, not normalised. */
  readonly path: string;
  /** `target` after the first `?`; `""` when there is none. */
  readonly query: string;
  /** Lower case, without port and without a final dot; IPv6 in brackets. `""` only for HTTP/1.0 without Host. */
  readonly host: string;
  /** Lower case, as given: with the port where the client named one. */
  readonly hostPort: string;
  readonly scheme: "http" | "https";
  /** 0 or 1: HTTP/1.0 or HTTP/1.1. */
  readonly minorVersion: number;
  /** The peer's IP address; `""` on a unix socket. */
  readonly remoteAddress: string;
  /** The client asks for another protocol (`Connection: upgrade` with `Upgrade`); the value of `Upgrade` in lower case, else `""`. */
  readonly upgrade: string;
  /** `performance.now()` when the head was complete. */
  readonly startedAtMs: number;

  /** The first value of the header, without surrounding blanks; `name` in lower case. */
  header(name: string): string | undefined;
  /** Every value of the header, one per line; `name` in lower case. */
  headerValues(name: string): string[];
  /** Every header line in its order, `name` in lower case, hop-by-hop lines included. */
  headers(): [name: string, value: string][];

  readonly body: RequestBody;

  /** For the handler's own state of this request; not looked at here. */
  context: unknown;
  /** Header lines, each with its CRLF, that are added to the head of whatever answers but an upgrade. Default `""`. */
  extraLines: string;

  /**
   * Answers with a whole body. `content-length` is added unless given (give it for HEAD, or to tell a length that is not sent), `date` unless
   * given. For HEAD, 204 and 304 the body is not sent.
   */
  respond(status: number, headers: HeaderPairs, body?: string | Uint8Array): void;
  /** Answers with bytes serialised beforehand: static files and cached pages. `extraHeaders` come on top (`age`, `x-vercel-id`). */
  respondPrepared(prepared: PreparedResponse, extraHeaders?: HeaderPairs): void;
  /**
   * Sends a head now and the body in pieces. With a `content-length` among the headers exactly that many bytes must follow; without,
   * the body is chunked (until the connection's end for HTTP/1.0).
   */
  startResponse(status: number, headers: HeaderPairs): ResponseWriter;
  /** Sends 101 with these headers (`connection` and `upgrade` are added) and gives the raw connection away. Only where `upgrade` is not `""`. */
  acceptUpgrade(headers: HeaderPairs): RawTunnel;

  /** The client left before the answer was complete. */
  readonly aborted: boolean;
  /** Called once when the client leaves before the answer is complete; at once if it has left. The last call wins; `undefined` takes it back. */
  onAbort(listener: (() => void) | undefined): void;
  /** Ends the connection at once, in the middle of whatever is being sent: the only honest sign of a broken answer. */
  destroy(): void;

  /** 0 until the answer has begun. */
  readonly status: number;
  /** An answer was begun. */
  readonly answered: boolean;
  /** Bytes of body received and of head and body handed to the socket until now; for counting. */
  readonly requestBodyBytes: number;
  readonly responseBytes: number;
}

/**
 * The request's body, read by one consumer at most: `stream`, `collect`, or `forward`, which hands it to the upstream. Until somebody reads,
 * at most one socket read is kept and the client is held back. `100 Continue` is sent when reading begins. What nobody read is dropped after
 * the answer.
 */
export interface RequestBody {
  /** No body follows: neither Content-Length above 0 nor chunked. */
  readonly empty: boolean;
  /** From Content-Length (0 when empty); `undefined` when chunked. */
  readonly length: number | undefined;
  /** Everything was received and handed over. */
  readonly ended: boolean;
  /** Pushes the chunks to `sink`, the first perhaps before this call returns. Chunks may be kept. */
  stream(sink: BodySink): void;
  /** After `sink.onChunk` gave false: go on. */
  resume(): void;
  /** The whole body; rejects with `BodyTooLargeError` (nothing more is read then) or `ClientGoneError`. */
  collect(limitBytes: number): Promise<Uint8Array>;
}

export interface BodySink {
  /** False: send nothing more until `resume`. */
  onChunk(chunk: Uint8Array): boolean;
  onEnd(): void;
  /** The client left, or its framing was broken: the body is incomplete. `onEnd` will not come. */
  onAbort(): void;
}

export interface ResponseWriter {
  /** Queues or sends `chunk`, which must not be changed afterwards. False: wait for `onDrain` before writing more (what was given is kept). */
  write(chunk: string | Uint8Array): boolean;
  /** Called each time the queue has become empty after `write` gave false. */
  onDrain(listener: () => void): void;
  /** Ends the body, after `lastChunk` if given. Too few bytes for the Content-Length destroy the connection. */
  end(lastChunk?: string | Uint8Array): void;
  /** The body cannot be completed: destroys the connection, so that the client cannot take it for complete. */
  abort(): void;
}

/** The raw bytes of a connection after 101. */
export interface RawTunnel {
  /** False: wait for `onDrain`. */
  write(bytes: Uint8Array): boolean;
  /** Half-closes: no more writes; reading goes on. */
  end(): void;
  /** Closes both directions once what was written has gone out. */
  close(): void;
  destroy(): void;
  pause(): void;
  resume(): void;
  /** Set it at once, in the same turn: bytes that came with the request's head are given on the next microtask. */
  handler: TunnelHandler;
}

export interface TunnelHandler {
  onBytes(bytes: Uint8Array): void;
  onDrain(): void;
  /** The peer half-closed. */
  onEnd(): void;
  onClose(): void;
}
