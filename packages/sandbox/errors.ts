import { EvenkeelError } from "@evenkeel/model";

/** The app environment never talked to a twin. */
export class SandboxAccountUnknownError extends EvenkeelError {
  readonly code = "sandbox_account_unknown";
  readonly fault = "user";

  constructor(key: string) {
    super(`${key} has no accounts in the sandbox`, {
      hint: "Deploy it, or give it twins: evenkeel sandbox enable APP --env ENVIRONMENT",
    });
  }
}
