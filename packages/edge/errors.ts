import { EvenkeelError } from "@evenkeel/model";

/** An exchange was answered twice. */
export class AlreadyAnsweredError extends EvenkeelError {
  readonly code = "already_answered";
  readonly fault = "platform";

  constructor(method: string, path: string, status: number) {
    super(`${method} ${path} cannot be answered: its answer, ${status}, has already begun`);
  }
}

/** A header that HTTP cannot carry: CR, LF or NUL in its value, an invalid name, a wrong length. */
export class InvalidHeaderError extends EvenkeelError {
  readonly code = "invalid_header";
  readonly fault = "user";

  constructor(name: string) {
    super(
      `Header ${JSON.stringify(name.slice(0, 80))} cannot be sent: HTTP does not allow its name or value`,
      {
        hint: "Header values hold no line breaks, names only letters, digits and hyphens; framing headers are set by the edge.",
      },
    );
  }
}

/** A body is larger than its reader accepts. */
export class BodyTooLargeError extends EvenkeelError {
  readonly code = "body_too_large";
  readonly fault = "user";

  constructor(limitBytes: number) {
    super(`The body is larger than ${limitBytes} bytes`);
  }
}

/** The client left while its request was being read. */
export class ClientGoneError extends EvenkeelError {
  readonly code = "client_gone";
  readonly fault = "user";

  constructor() {
    super("The client left before its request was complete");
  }
}

/** A request of our own to an instance or another host got no whole answer. */
export class UpstreamError extends EvenkeelError {
  readonly code = "upstream_failed";
  readonly fault = "user";

  constructor(
    readonly kind: string,
    message: string,
  ) {
    super(message);
  }
}

/** The artifact store has no such build output, or a damaged one. */
export class OutputUnreadableError extends EvenkeelError {
  readonly code = "output_unreadable";
  readonly fault = "platform";
}
