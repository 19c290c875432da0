import { EvenkeelError } from "@evenkeel/model";

/** One thing that is wrong with a runbook, with its place. */
export interface RunbookFault {
  /** `runbook.ts:12` */
  place: string;
  /** `rollbackTriggers.error_rate.threshold`; empty for the file itself. */
  path: string;
  message: string;
}

const mostTold = 12;

/** A runbook that contradicts itself, that nothing could enforce, or that is none. It never replaces the one in force. */
export class RunbookInvalidError extends EvenkeelError {
  readonly code = "runbook_invalid";
  readonly fault = "user";
  readonly faults: readonly RunbookFault[];

  constructor(file: string, faults: readonly RunbookFault[]) {
    const told = faults
      .slice(0, mostTold)
      .map(({ place, path, message }) => `${place}${path === "" ? "" : ` ${path}`}: ${message}`);
    const more = faults.length > mostTold ? [`and ${faults.length - mostTold} more`] : [];
    super(`${file} cannot be enforced:\n${[...told, ...more].join("\n")}`, {
      hint: "`evenkeel runbook check` shows every clause and what enforces it.",
    });
    this.faults = faults;
  }
}
