import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { runbookReference } from "./runbook-reference.ts";

test("docs/RUNBOOK.md has every kind of clause and every measure as they are", () => {
  const text = readFileSync(join(import.meta.dir, "../docs/RUNBOOK.md"), "utf8");
  expect(text).toContain(runbookReference());
});
