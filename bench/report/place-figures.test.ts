import { expect, test } from "bun:test";
import { ProofError } from "../errors.ts";
import { placeFigures } from "./place-figures.ts";
import type { Report } from "./report.ts";

const report: Report = {
  machine: { cpu: "Example CPU", cores: 2, memoryBytes: 8 * 2 ** 30, system: "Debian 12" },
  versions: { Bun: "1.4.5" },
  programs: [],
};

test("only what stands between the marks is replaced, and doing it again changes nothing", () => {
  const before = "# Name\n\n<!-- figures -->old<!-- /figures -->\n\nMore $1 text.\n";
  const after = placeFigures(before, report);
  expect(after).toStartWith("# Name\n\n<!-- figures -->\n\n| What |");
  expect(after).toEndWith("Bun 1.4.5.\n\n<!-- /figures -->\n\nMore $1 text.\n");
  expect(after).not.toContain("old");
  expect(placeFigures(after, report)).toBe(after);
});

test("a text without both marks in order, or without a record, is refused", () => {
  for (const text of [
    "none",
    "<!-- /figures --> <!-- figures -->",
    "<!-- figures --> <!-- figures --> <!-- /figures -->",
  ]) {
    expect(() => placeFigures(text, report)).toThrow(ProofError);
  }
  expect(() => placeFigures("<!-- figures --><!-- /figures -->", undefined)).toThrow("No measurements");
});
