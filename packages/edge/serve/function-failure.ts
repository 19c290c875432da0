import type { ErrorJson } from "@evenkeel/model";
import type { WaitFailure } from "../link/instance-table.ts";
import type { UpstreamFailure } from "../upstream/forward-options.ts";

/** Why a function gave no answer, in the words of Vercel's error list: https://vercel.com/docs/errors */
export interface FunctionFailure {
  status: number;
  code: string;
  /** One sentence for whoever reads the error page. */
  message: string;
  /** Default: the status in words. */
  title?: string;
  /** What to do; shown where the deployment is not production. */
  hint?: string;
  /** The app's or the platform's own words, shown where the deployment is not production. */
  detail?: ErrorJson;
}

export function failureOfWait(failure: WaitFailure): FunctionFailure {
  switch (failure.kind) {
    case "queue_full":
      return {
        status: 503,
        code: "FUNCTION_THROTTLED",
        message: "Too many requests are waiting for this function to start.",
      };
    case "timeout":
      return {
        status: 504,
        code: "FUNCTION_INVOCATION_TIMEOUT",
        message: "No instance of this function became ready in time.",
      };
    case "start_failed":
      return {
        status: 500,
        code: "FUNCTION_INVOCATION_FAILED",
        message: "This function could not be started.",
        detail: failure.error,
      };
  }
}

export function failureOfUpstream(failure: UpstreamFailure): FunctionFailure {
  switch (failure.kind) {
    case "head_deadline":
    case "deadline":
      return {
        status: 504,
        code: "FUNCTION_INVOCATION_TIMEOUT",
        message: "This function did not answer within its maximum duration.",
      };
    case "body_too_large":
      return {
        status: 500,
        code: "FUNCTION_RESPONSE_PAYLOAD_TOO_LARGE",
        message: "The answer of this function is too large to be kept.",
      };
    default:
      return {
        status: 502,
        code: "NO_RESPONSE_FROM_FUNCTION",
        message: "This function ended before it answered.",
      };
  }
}

/** The launcher answered in place of the app, with `faultHeader` as `fault` and an `ErrorJson` as its body. */
export function failureOfFault(fault: string, body: Uint8Array): FunctionFailure {
  let detail: ErrorJson = { code: fault, message: "" };
  try {
    const json = JSON.parse(Buffer.from(body).toString()) as ErrorJson;
    if (typeof json.message === "string") detail = { ...json, code: fault };
  } catch {
    // A report without a body says enough by its code.
  }
  return {
    status: 500,
    code: "FUNCTION_INVOCATION_FAILED",
    message: "This function has crashed.",
    detail,
  };
}
