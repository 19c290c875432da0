import { ProofError } from "../errors.ts";
import { describeFigures, type Report } from "./report.ts";

const open = "<!-- figures -->";
const close = "<!-- /figures -->";

/**
 * A Markdown text with the recorded figures between its two marks, and nothing else of it changed.
 *
 * @throws ProofError where nothing is recorded, or the marks are not there once, in order
 */
export function placeFigures(text: string, report: Report | undefined): string {
  if (report === undefined) {
    throw new ProofError("No measurements are recorded in docs/proof/bench.json", {
      hint: "Measure first: npm run bench -- --save",
    });
  }
  const begin = text.indexOf(open);
  const end = text.indexOf(close);
  const once = text.lastIndexOf(open) === begin && text.lastIndexOf(close) === end;
  if (begin === -1 || end < begin || !once) {
    throw new ProofError(`The text needs ${open} and, below it, ${close}, once each`, {
      hint: "Put the two marks where the table shall stand.",
    });
  }
  return `${text.slice(0, begin + open.length)}\n\n${describeFigures(report)}\n\n${text.slice(end)}`;
}
