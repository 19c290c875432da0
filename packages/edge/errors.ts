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

/** A route of `config.json` cannot be compiled: its regular expression, its place or its destination is not valid. */
export class InvalidRouteError extends EvenkeelError {
  readonly code = "route_invalid";
  readonly fault = "user";

  /** @param index position in `config.json`'s `routes`, from 0. */
  constructor(
    readonly index: number,
    problem: string,
    hint: string,
    cause?: unknown,
  ) {
    super(`routes[${index}] of config.json cannot be used: ${problem}`, { hint, cause });
  }
}

/** A file of the artifact store is missing, shorter than the output says, or cannot be read. */
export class StoredFileUnreadableError extends EvenkeelError {
  readonly code = "stored_file_unreadable";
  readonly fault = "platform";

  constructor(path: string, problem: string, cause?: unknown) {
    super(`Stored file ${path} cannot be served: ${problem}`, {
      hint: "Deploy the app again; the artifact store is filled anew with what is missing.",
      cause,
    });
  }
}

/** Codes of https://vercel.com/docs/errors, as the client sees them in `x-vercel-error`. */
export type ImageErrorCode =
  | "INVALID_IMAGE_OPTIMIZE_REQUEST"
  | "INVALID_REQUEST_METHOD"
  | "RESOURCE_NOT_FOUND"
  | "INTERNAL_OPTIMIZED_IMAGE_REQUEST_FAILED"
  | "OPTIMIZED_EXTERNAL_IMAGE_REQUEST_FAILED"
  | "OPTIMIZED_EXTERNAL_IMAGE_REQUEST_INVALID"
  | "OPTIMIZED_EXTERNAL_IMAGE_REQUEST_UNAUTHORIZED"
  | "OPTIMIZED_EXTERNAL_IMAGE_TOO_MANY_REDIRECTS"
  | "IMAGE_OPTIMIZATION_BUSY";

/** An image request that cannot be answered with an image. The message may be shown to the client. */
export class ImageRequestError extends EvenkeelError {
  readonly code = "image_request_failed";
  readonly fault = "user";

  constructor(
    readonly clientCode: ImageErrorCode,
    message: string,
    cause?: unknown,
  ) {
    super(message, { cause });
  }

  /** HTTP status that Vercel answers with. */
  get status(): number {
    return statuses[this.clientCode];
  }
}

const statuses: Record<ImageErrorCode, number> = {
  INVALID_IMAGE_OPTIMIZE_REQUEST: 400,
  INVALID_REQUEST_METHOD: 405,
  RESOURCE_NOT_FOUND: 404,
  INTERNAL_OPTIMIZED_IMAGE_REQUEST_FAILED: 502,
  OPTIMIZED_EXTERNAL_IMAGE_REQUEST_FAILED: 502,
  OPTIMIZED_EXTERNAL_IMAGE_REQUEST_INVALID: 502,
  OPTIMIZED_EXTERNAL_IMAGE_REQUEST_UNAUTHORIZED: 502,
  OPTIMIZED_EXTERNAL_IMAGE_TOO_MANY_REDIRECTS: 502,
  IMAGE_OPTIMIZATION_BUSY: 503,
};
