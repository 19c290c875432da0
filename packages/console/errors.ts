import { EvenkeelError } from "@evenkeel/model";

/** The console's pages cannot be made from their source. */
export class ConsoleBuildError extends EvenkeelError {
  readonly code = "console_build";
  readonly fault = "platform";
  constructor(logs: string) {
    super(`The console's pages could not be built: ${logs.slice(0, 2_000)}`, {
      hint: "Run `npm ci --ignore-scripts` in Evenkeel's folder, then `evenkeel up` again; the platform itself runs without them.",
    });
  }
}
