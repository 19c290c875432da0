import { EvenkeelError } from "@evenkeel/model";

/** A flag set that cannot be taken: no flagd JSON, or one that would not evaluate. */
export class FlagSetInvalidError extends EvenkeelError {
  readonly code = "flag_set_invalid";
  readonly fault = "user";

  /** @param faults each one sentence that names the flag */
  constructor(
    place: string,
    readonly faults: readonly string[],
  ) {
    super(`${place} is no valid flag set:\n${faults.map((fault) => `  - ${fault}`).join("\n")}`, {
      hint: "Flag sets are written in flagd's JSON format, https://flagd.dev/reference/flag-definitions/. Nothing was changed.",
    });
  }
}

/** A flag that the set does not have. */
export class FlagUnknownError extends EvenkeelError {
  readonly code = "flag_unknown";
  readonly fault = "user";

  constructor(key: string, known: readonly string[]) {
    super(`There is no flag "${key}"`, {
      hint:
        known.length > 0 ? `Known flags: ${known.join(", ")}.` : "Declare flags first: evenkeel flags push",
    });
  }
}

/** A variant that the flag does not have. */
export class FlagVariantUnknownError extends EvenkeelError {
  readonly code = "flag_variant_unknown";
  readonly fault = "user";

  constructor(key: string, variant: string, known: readonly string[]) {
    super(`Flag "${key}" has no variant "${variant}"`, { hint: `Its variants are ${known.join(", ")}.` });
  }
}
