import type { SocketTunnel } from "../http/socket-tunnel.ts";
import type { UpstreamFailure } from "./forward-options.ts";
import type { ResponseHead } from "./response-head.ts";
import type { UpstreamConnection } from "./upstream-connection.ts";

/** One request on an upstream connection, seen from the connection. */
export interface UpstreamCall {
  /** Sent; decides whether the answer has a body. */
  readonly method: string;
  /** An upgrade was asked for, so 101 may come. */
  readonly upgrading: boolean;
  /** The connection is this call's: send the request, then `connection.requestDone`. */
  opened(connection: UpstreamConnection): void;
  headReceived(head: ResponseHead): void;
  /** Body without framing; `bytes` may be kept. */
  bodyReceived(bytes: Buffer, start: number, end: number): void;
  /** What one read brought was handed over. */
  turnEnded(): void;
  /** The answer is complete; the connection is no longer this call's. */
  answerEnded(): void;
  upgraded(head: ResponseHead, tunnel: SocketTunnel): void;
  /** What was written has gone out. */
  drained(): void;
  /** The connection is no longer this call's. `stale`: it was used before and brought not one byte of an answer. */
  lost(kind: UpstreamFailure["kind"], message: string, stale: boolean): void;
  /** Looks at deadlines. */
  sweep(nowMs: number): void;
}
