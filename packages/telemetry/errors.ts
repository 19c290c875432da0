import { EvenkeelError } from "@evenkeel/model/errors";

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

/** The host did not say which values are secrets of a deployment, so nothing of it may be written down; the sender tries again. */
export class SecretsUnknownError extends EvenkeelError {
  readonly code = "telemetry_secrets_unknown";
  readonly fault = "platform";

  constructor(deployment: string) {
    super(`Telemetry of ${deployment} is not taken: the host does not say which values are its secrets`, {
      hint: "See whether the host runs: evenkeel status",
    });
  }
}
