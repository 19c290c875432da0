import { EvenkeelError } from "@evenkeel/model/errors";

/** A question about signals that cannot be answered as it was put. */
export class SignalQueryError extends EvenkeelError {
  readonly code = "signal_query_invalid";
  readonly fault = "user";
}

/** The process of signals does not answer. */
export class SignalsUnavailableError extends EvenkeelError {
  readonly code = "signals_unavailable";
  readonly fault = "platform";

  constructor(reason: string) {
    super(`The process of signals does not answer: ${reason}`, {
      hint: "It is started again within seconds; `evenkeel status` shows whether it runs, its log is logs/platform/signals.log.",
    });
  }
}
