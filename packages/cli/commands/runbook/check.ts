import { existsSync } from "node:fs";
import { evaluateOwnRunbook } from "@evenkeel/build";
import type { RunbookClause } from "@evenkeel/control";
import { clauseView } from "@evenkeel/control/runbook/clause-view";
import { readRunbook } from "@evenkeel/runbook";
import type { Command } from "commander";
import { UsageError } from "../../errors.ts";
import { withControl } from "../../platform/control.ts";
import { callerPath } from "../../platform/home.ts";
import { clauseTable, countClauses } from "./clause-table.ts";
import { ofApp, type RunbookOptions } from "./runbook-options.ts";

export function registerCheck(runbook: Command): void {
  runbook
    .command("check")
    .summary("every clause, what enforces it, and when that was last exercised")
    .argument("[where]", "folder of an app, before it is deployed, or name of an app that is", ".")
    .option("--env <environment>", "production or staging, of an app", "production")
    .option("--json", "print as JSON")
    .addHelpText(
      "after",
      "\nEnds with 1 where a clause is not enforced, or where somebody's day has passed.\n\nExamples:\n  evenkeel runbook check ./shop\n  evenkeel runbook check shop --env staging",
    )
    .action(async (where: string, options: RunbookOptions) => {
      const folder = callerPath(where);
      const { file, clauses } = existsSync(folder)
        ? await ofFolder(where, folder)
        : await inForce(where, options);
      const isOverdue = clauses.some(({ overdue }) => overdue);
      if (options.json) console.log(JSON.stringify({ file, clauses }));
      else console.log(`${clauseTable(clauses)}\n\n${file}: ${countClauses(clauses)}.`);
      if (isOverdue) process.exitCode = 1;
    });
}

interface Checked {
  file: string;
  clauses: RunbookClause[];
}

/** @throws RunbookInvalidError with the lines */
async function ofFolder(where: string, folder: string): Promise<Checked> {
  const evaluated = await evaluateOwnRunbook(folder);
  if (!evaluated) {
    throw new UsageError(`There is no runbook.ts in ${where}`, {
      hint: "`evenkeel runbook init` writes one to begin with.",
    });
  }
  const nowMs = Date.now();
  return {
    file: evaluated.file,
    clauses: readRunbook(evaluated).clauses.map((clause) => clauseView(clause, nowMs)),
  };
}

const inForce = (app: string, options: RunbookOptions): Promise<Checked> =>
  withControl((client) => client.getRunbook(ofApp(app, options)));
