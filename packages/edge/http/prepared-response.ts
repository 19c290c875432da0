import type { HeaderPairs } from "./exchange.ts";

/** A whole answer as bytes, ready to be sent many times (`prepareResponse`). */
export interface PreparedResponse {
  readonly status: number;
  /** Head and body; `date` inside the head is kept current by the sender. */
  readonly bytes: Buffer;
  /** Length of the head without its final blank line. */
  readonly headLength: number;
  /** Where the 29 characters of the date stand in `bytes`. */
  readonly dateOffset: number;
  /** The second for which the date in `bytes` is right. */
  dateSecond: number;
}

export type PrepareResponse = (status: number, headers: HeaderPairs, body: Uint8Array) => PreparedResponse;
