import { type ErrorDetails, EvenkeelError } from "@evenkeel/model";

/** A channel did not take a message, and would not take it the next time: wrong credentials, no such number. */
export class MessageRefusedError extends EvenkeelError {
  readonly code = "message_refused";
  readonly fault = "user";

  constructor(by: string, why: string, details: ErrorDetails = {}) {
    super(`${by} refused the message: ${why}`, {
      hint: "Correct the channel's settings, then try it with `evenkeel notify test`.",
      ...details,
    });
  }
}

/** A channel did not answer, or asked for patience; the message is sent again. */
export class ChannelUnavailableError extends EvenkeelError {
  readonly code = "channel_unavailable";
  readonly fault = "user";
  /** As the channel asked; absent: whenever it suits. */
  readonly retryAfterMs: number | undefined;

  constructor(by: string, why: string, details: ErrorDetails & { retryAfterMs?: number | undefined } = {}) {
    super(`${by} did not take the message: ${why}`, { hint: "It is sent again by itself.", ...details });
    this.retryAfterMs = details.retryAfterMs;
  }
}

/** Settings of a channel that cannot work. */
export class ChannelInvalidError extends EvenkeelError {
  readonly code = "channel_invalid";
  readonly fault = "user";
}
