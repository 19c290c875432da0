import { EvenkeelError } from "@evenkeel/model";

/** Words that `chaos` does not take. */
export class ChaosUsageError extends EvenkeelError {
  readonly code = "chaos_usage";
  readonly fault = "user";
}

/** Something that a programme needs went wrong, so it says nothing about what it was to prove. */
export class ProgrammeFailedError extends EvenkeelError {
  readonly code = "chaos_programme_failed";
  readonly fault = "platform";
}
