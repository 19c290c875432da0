/** Who has to act: `user` when the input or the app is at fault, `platform` when we are. */
export type Fault = "user" | "platform";

export interface ErrorDetails {
  /** The remedy, as one sentence that can be followed. */
  hint?: string;
  cause?: unknown;
}

/**
 * Base of every error that a caller may catch. `message` says action, object and state; `hint` the remedy.
 * Subclasses stand in their package's `errors.ts` and set `code` (stable, `snake_case`) and `fault`.
 */
export abstract class EvenkeelError extends Error {
  abstract readonly code: string;
  abstract readonly fault: Fault;
  readonly hint: string | undefined;

  constructor(message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = new.target.name;
    this.hint = details.hint;
  }

  toJSON(): ErrorJson {
    return this.hint === undefined
      ? { code: this.code, message: this.message }
      : { code: this.code, message: this.message, hint: this.hint };
  }
}

/** The only part of an error that crosses a process boundary. */
export interface ErrorJson {
  code: string;
  message: string;
  hint?: string;
}

/** An id, name, duration, size or other plain value that cannot be read. */
export class InvalidValueError extends EvenkeelError {
  readonly code = "invalid_value";
  readonly fault = "user";
}

/** An error that another of our processes reported; keeps its code. */
export class ReportedError extends EvenkeelError {
  readonly code: string;
  readonly fault: Fault;

  constructor(json: ErrorJson, fault: Fault = "platform") {
    super(json.message, { hint: json.hint });
    this.code = json.code;
    this.fault = fault;
  }
}

/** Any thrown value as `ErrorJson`; the text of an unknown error stays inside, its class name does not. */
export function errorJson(error: unknown): ErrorJson {
  if (error instanceof EvenkeelError) return error.toJSON();
  return { code: "internal", message: error instanceof Error ? error.message : String(error) };
}
