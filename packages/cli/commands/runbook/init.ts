import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { SourceTree } from "@evenkeel/build/detect/source-tree";
import { runbookTypesFile } from "@evenkeel/runbook/types/runbook-types";
import type { Command } from "commander";
import { UsageError } from "../../errors.ts";
import { callerPath } from "../../platform/home.ts";
import { writeRunbookTypes } from "./types.ts";

export function registerInit(runbook: Command): void {
  runbook
    .command("init")
    .summary("write a runbook to begin with, for the app of a folder")
    .argument("[folder]", "folder of the app", ".")
    .option("--json", "print as JSON")
    .addHelpText("after", "\nExample:\n  evenkeel runbook init ./shop")
    .action((given: string, options: { json?: boolean }) => {
      const folder = callerPath(given);
      const path = join(folder, "runbook.ts");
      if (existsSync(path)) {
        throw new UsageError(`${path} is there already`, { hint: "Change it, or remove it first." });
      }
      const text = firstRunbook(folder);
      writeFileSync(path, text, { flag: "wx" });
      const types = writeRunbookTypes(folder);
      if (options.json) return void console.log(JSON.stringify({ path, types }));
      console.log(
        `Wrote ${path}, and its types beside it. It comes into force with the next deploy; see what it enforces:\n  evenkeel runbook check ${given}`,
      );
    });
}

/** Only what is enforced, with figures that few apps would quarrel with; more where the app shows that it has more. */
export function firstRunbook(folder: string): string {
  const tree = new SourceTree(folder);
  const manifest = readJson(tree.readText("package.json"));
  const names = Object.keys({
    ...(manifest["dependencies"] as object | undefined),
    ...(manifest["devDependencies"] as object | undefined),
  });
  const hasDatabase = names.some((name) =>
    /^(?:pg|postgres|@prisma\/client|drizzle-orm|kysely|@neondatabase\/serverless|@vercel\/postgres)$/.test(
      name,
    ),
  );
  const crons = (readJson(tree.readText("vercel.json"))["crons"] ?? []) as {
    path?: string;
    schedule?: string;
  }[];
  const sections = [
    `  // What takes a release back by itself.
  rollbackTriggers: {
    error_rate: { threshold: "5%", window: "5 minutes", action: "immediate_rollback" },
    response_time: { threshold: "p95 > 5 seconds", window: "10 minutes", action: "staged_rollback" },
  },`,
    `  // What is wanted of a release while it serves; a miss is recorded with its evidence.
  performanceTargets: {
    error_rate: "< 1%",
    response_time_p95: "< 2s",
    memory: "< 512MB",
  },`,
    `  // What a new deployment has to answer before it gets any traffic.
  smokeTests: {
    "the first page loads": { path: "/", status: "< 500" },
  },`,
    ...(hasDatabase
      ? [
          `  backupStrategy: {
    daily: { schedule: "02:00 UTC", verification: "restore_test_weekly" },
  },
  migrationProcess: {
    production: { apply: "automatic_on_deploy", testing: "pre_migration_backup" },
  },`,
        ]
      : []),
    ...(crons.length > 0
      ? [
          `  // Jobs that a production release must not lose.
  schedules: {
${crons.map(({ path, schedule }) => `    ${JSON.stringify(path)}: ${JSON.stringify(schedule)},`).join("\n")}
  },`,
        ]
      : []),
  ];
  return `import type { Runbook } from "./${runbookTypesFile}";

export default {
${sections.join("\n\n")}
} satisfies Runbook;
`;
}

function readJson(text: string | undefined): Record<string, unknown> {
  try {
    return JSON.parse(text ?? "{}");
  } catch {
    return {};
  }
}
