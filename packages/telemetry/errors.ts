import { EvenkeelError } from "@evenkeel/model";

/** A body that is no OTLP, or is nested too deep. */
export class OtlpMalformedError extends EvenkeelError {
  readonly code = "otlp_malformed";
  readonly fault = "user";

  constructor(kind: string, what: string, details: { cause?: unknown } = {}) {
    super(`The body is no OTLP export of ${kind}: ${what}`, details);
  }
}

/** A page's report of a visit or of web vitals that is none. */
export class BeaconMalformedError extends EvenkeelError {
  readonly code = "beacon_malformed";
  readonly fault = "user";

  constructor(what: string) {
    super(`The beacon is not taken: ${what}`);
  }
}
