import { createInterface } from "node:readline/promises";
import { UsageError } from "../errors.ts";

/** Has a person type the app's name before `what` is removed. @throws UsageError when nobody is there, or the answer is another */
export async function confirm(what: string, app: string): Promise<void> {
  if (!process.stdin.isTTY) {
    throw new UsageError(`Removing ${what} needs a confirmation`, {
      hint: "Nobody can be asked here: add --yes.",
    });
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await terminal.question(`This removes ${what}. Type ${app} to go on: `);
  terminal.close();
  if (answer.trim() !== app)
    throw new UsageError("Nothing was removed", { hint: `The answer was not "${app}".` });
}
