import { EvenkeelError } from "@evenkeel/model";

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
