/** Writes the table of kinds and measures into docs/RUNBOOK.md from the code. `--check` compares instead. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { writeFileDurably } from "@evenkeel/disk";
import { clauseKinds, measureNames } from "@evenkeel/runbook";

const path = join(import.meta.dir, "../docs/RUNBOOK.md");
const begin = "<!-- written by `npm run runbook` -->";
const end = "<!-- end -->";

export function runbookReference(): string {
  const cell = (text: string) => text.replaceAll("|", "\\|");
  const rows = Object.values(clauseKinds).map(
    ({ key, about, exercised }) => `| \`${key}\` | ${cell(about)} | ${cell(exercised)} |`,
  );
  return `${begin}
| key | about | exercised |
|---|---|---|
${rows.join("\n")}

Measures: ${measureNames.map((name) => `\`${name}\``).join(", ")}; percentiles of times as \`p95\`, \`response_time_p99\`.
${end}`;
}

if (import.meta.main) {
  const text = readFileSync(path, "utf8");
  const written = text.replace(new RegExp(`${begin}[\\s\\S]*${end}`), () => runbookReference());
  if (process.argv.includes("--check")) {
    if (written === text) process.exit(0);
    console.error("docs/RUNBOOK.md differs from the code: npm run runbook");
    process.exit(1);
  }
  writeFileDurably(path, written, 0o644);
}
