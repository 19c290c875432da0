import { type ErrorDetails, type ErrorJson, EvenkeelError, ReportedError } from "@evenkeel/model";

// --- client ------------------------------------------------------------------------------------

/** An error that the API answered; keeps its code. */
export class ApiError extends ReportedError {
  constructor(
    json: ErrorJson,
    /** HTTP status. */
    readonly status: number,
  ) {
    super(json, status >= 500 ? "platform" : "user");
  }
}

/** Nobody answers at the API's address. */
export class ControlUnreachableError extends EvenkeelError {
  readonly code = "control_unreachable";
  readonly fault = "platform";

  constructor(address: string, details: ErrorDetails = {}) {
    super(`Reaching the control plane at ${address} failed`, {
      hint: "Start the platform with `evenkeel up`; `evenkeel status` shows what runs.",
      ...details,
    });
  }
}
