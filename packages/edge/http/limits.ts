/** What one client may use up. All times are kept to within a quarter of a second. */
export interface HttpLimits {
  /** Request line and header lines together; more is 431. */
  headBytes: number;
  /** Header lines; more is 431. */
  headerLines: number;
  /** Request target; more is 414. */
  targetBytes: number;
  /** From the first byte of a request to the end of its head; then 408. */
  headTimeoutMs: number;
  /** Between requests on a connection, and before the first one (there `headTimeoutMs` if that is longer). */
  idleTimeoutMs: number;
  /** While a body is wanted, `bodyMinimumBytes` have to come in every such span; else 408. */
  bodyTimeoutMs: number;
  bodyMinimumBytes: number;
  /** A client that takes nothing of a waiting answer for so long is cut off. */
  sendTimeoutMs: number;
  /** Of a body that nobody wanted, this much is read and dropped to keep the connection; with more left it is closed. */
  discardBytes: number;
  /** After the last answer: how long input is still dropped, so that a reset does not destroy the answer on its way. */
  lingerMs: number;
}

export const defaultLimits: HttpLimits = {
  headBytes: 65_536,
  headerLines: 256,
  targetBytes: 16_384,
  headTimeoutMs: 10_000,
  idleTimeoutMs: 75_000,
  bodyTimeoutMs: 30_000,
  bodyMinimumBytes: 512,
  sendTimeoutMs: 300_000,
  discardBytes: 262_144,
  lingerMs: 2_000,
};
