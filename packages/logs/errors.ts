import { EvenkeelError } from "@evenkeel/model";

/** A part of a log was changed after it was written; the rest can be read. */
export class LogBlockDamagedError extends EvenkeelError {
  readonly code = "log_block_damaged";
  readonly fault = "platform";
}

/** What is looked for in a log cannot be read. */
export class LogQueryInvalidError extends EvenkeelError {
  readonly code = "log_query_invalid";
  readonly fault = "user";
}

/** A drain leads to an address that logs must not be sent to. */
export class DrainAddressRefusedError extends EvenkeelError {
  readonly code = "drain_address_refused";
  readonly fault = "user";
}

/** A drain's server did not take lines; they are sent again later. */
export class DrainFailedError extends EvenkeelError {
  readonly code = "drain_failed";
  readonly fault = "user";
  /** What the server answered with; absent: it did not. */
  readonly status: number | undefined;
  /** When it wants to be asked again. */
  readonly retryAfterMs: number | undefined;

  constructor(message: string, { status, retryAfterMs }: { status?: number; retryAfterMs?: number } = {}) {
    super(message);
    this.status = status;
    this.retryAfterMs = retryAfterMs;
  }
}
