import { join } from "node:path";
import { writeFileDurably } from "@evenkeel/disk";
import { runbookTypes, runbookTypesFile } from "@evenkeel/runbook/types/runbook-types";
import type { Command } from "commander";
import { callerPath } from "../../platform/home.ts";

export function registerTypes(runbook: Command): void {
  runbook
    .command("types")
    .summary("write the types of runbooks beside one, so that editors know its keys")
    .description(
      `Writes ${runbookTypesFile}: the type that runbook.ts names in \`satisfies Runbook\`, as this platform knows it. It needs no package, so the app is checked and deployed elsewhere as it stands.`,
    )
    .argument("[folder]", "folder of the app", ".")
    .option("--json", "print as JSON")
    .addHelpText("after", "\nExample:\n  evenkeel runbook types ./shop")
    .action((given: string, options: { json?: boolean }) => {
      const path = writeRunbookTypes(callerPath(given));
      console.log(options.json ? JSON.stringify({ path }) : `Wrote ${path}.`);
    });
}

/** In place of an older one. @returns its path */
export function writeRunbookTypes(folder: string): string {
  const path = join(folder, runbookTypesFile);
  writeFileDurably(path, runbookTypes(), 0o644);
  return path;
}
