import type { Exchange, HeaderPairs } from "../http/exchange.ts";
import type { HeaderFilter } from "../http/header-filter.ts";

/** What `forward(exchange, origin, options)` does beside passing the request on. Hop-by-hop headers are dropped in both directions. */
export interface ForwardOptions {
  /** Sent instead of the client's request target. */
  target?: string;
  /** Sent instead of the client's method. */
  method?: string;
  /** Client's header lines that are not passed on. */
  dropHeaders?: HeaderFilter;
  /** Sent in place of the client's lines of the same names. `host` is the client's unless set here. */
  setHeaders?: HeaderPairs;
  /** Header lines of ours, serialised and valid, sent in place of the client's: `dropHeaders` has to hold all their names. */
  ownLines?: string;
  /** Header lines of the answer that the client never gets (`head.delete` takes off single ones). */
  dropAnswerHeaders?: HeaderFilter;
  /** Sent instead of the client's body (which is read and dropped, unless it was collected before). */
  body?: Uint8Array;
  /** `performance.now()` at which the answer must be complete; 0 or absent: never. */
  deadlineAtMs?: number;
  /** `performance.now()` until which the answer's head must have come; 0 or absent: `deadlineAtMs` alone. */
  headDeadlineAtMs?: number;
  /** One object for all requests: nothing is allocated per request. Its state is in `exchange.context`. */
  handler: ForwardHandler;
}

export interface ForwardHandler {
  /**
   * The head of the answer (never 1xx, except 101 of an upgrade). It may be read and edited; `head.take` and `head.tee` decide about its
   * body. It is valid during this call only.
   */
  onHead(exchange: Exchange, head: UpstreamHead): void;
  /** No answer came and nothing was sent to the client: answer it, or forward again (see `mayRetry`). Not called once the client has left. */
  onFailure(exchange: Exchange, failure: UpstreamFailure): void;
  /** The upstream is free of this request, in whatever way it ended; called exactly once per `forward`, after everything else. */
  onSettled?(exchange: Exchange): void;
}

/** Edits of framing headers (`content-length`, `transfer-encoding`, `connection`, ...) are ignored: the body decides them. */
export interface UpstreamHead {
  status: number;
  /** The first value; `name` in lower case. */
  get(name: string): string | undefined;
  /** Every value, one per line. */
  getAll(name: string): string[];
  /** Every line in its order, names in lower case, without hop-by-hop lines, with the edits made until now. */
  pairs(): [name: string, value: string][];
  /** Replaces every line of that name. */
  set(name: string, value: string): void;
  append(name: string, value: string): void;
  delete(name: string): void;
  /** Serialised and valid header lines, sent behind all others and in place of whatever else there is under `names`. */
  own(lines: string, names: HeaderFilter): void;
  /**
   * The client gets nothing from this answer: its body is collected instead, and `onBody` answers the exchange (the head's data must be taken
   * before: `pairs()`). Above `limitBytes` the failure is `body_too_large`; a deadline or a lost upstream is told as a failure likewise.
   */
  take(limitBytes: number, onBody: TakenBody): void;
  /** The body goes to the client, and each piece to `tap` as well (it may be kept). */
  tee(tap: BodyTap): void;
}

export type TakenBody = (exchange: Exchange, body: Buffer) => void;

export interface BodyTap {
  onChunk(chunk: Uint8Array): void;
  /** `complete`: the whole body was seen; false where the upstream broke, a deadline passed or the client left. */
  onEnd(complete: boolean): void;
}

export interface UpstreamFailure {
  kind:
    | "connect"
    | "closed"
    | "head_deadline"
    | "deadline"
    | "invalid_request"
    | "invalid_answer"
    | "body_too_large";
  message: string;
  /**
   * Forwarding it again, to another origin, cannot execute it twice: nothing was sent yet, or the method is idempotent (RFC 9110, 9.2.2);
   * and the body, if any, is still whole.
   */
  mayRetry: boolean;
}

/** A request of ours, with everything in memory (`fetchUpstream`). */
export interface UpstreamRequest {
  method: string;
  target: string;
  /** `host` must be among them. `content-length` is added. */
  headers: HeaderPairs;
  body?: Uint8Array;
  /** Largest body of the answer; default 64 MiB. */
  limitBytes?: number;
  /** `performance.now()` at which the answer must be complete. */
  deadlineAtMs?: number;
}

export interface UpstreamAnswer {
  status: number;
  /** Names in lower case, without hop-by-hop lines. */
  headers: [name: string, value: string][];
  body: Buffer;
}
