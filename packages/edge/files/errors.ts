import { EvenkeelError } from "@evenkeel/model";

/** A file of the artifact store is missing, shorter than the output says, or cannot be read. */
export class StoredFileUnreadableError extends EvenkeelError {
  readonly code = "stored_file_unreadable";
  readonly fault = "platform";

  constructor(path: string, problem: string, cause?: unknown) {
    super(`Stored file ${path} cannot be served: ${problem}`, {
      hint: "Deploy the app again; the artifact store is filled anew with what is missing.",
      cause,
    });
  }
}
