/**
 * What is known of a failed request's effect. `refused`: Vapi has read it and did nothing. `too_many`: the same, and it wants to be left alone for a
 * while. `unreachable`: it was never sent. `unknown`: whether it was carried out, nobody knows.
 */
export type Effect = "refused" | "too_many" | "unreachable" | "unknown";

/** A request to Vapi failed. */
export class VapiError extends Error {
  override readonly name = "VapiError";
  readonly effect: Effect;
  readonly status: number | undefined;
  /** Milliseconds that Vapi asks for. */
  readonly retryAfterMs: number | undefined;

  constructor(
    message: string,
    {
      effect,
      status,
      retryAfterMs,
      cause,
    }: { effect: Effect; status?: number | undefined; retryAfterMs?: number | undefined; cause?: unknown },
  ) {
    super(message, { cause });
    this.effect = effect;
    this.status = status;
    this.retryAfterMs = retryAfterMs;
  }
}
