import type { Command } from "commander";
import { registerCheck } from "./check.ts";
import { registerDecisions } from "./decisions.ts";
import { registerInit } from "./init.ts";
import { registerShow } from "./show.ts";
import { registerSimulate } from "./simulate.ts";
import { registerTypes } from "./types.ts";

export function registerRunbook(program: Command): void {
  const runbook = program
    .command("runbook")
    .summary("policies of apps, and what was decided by them")
    .description(
      "A runbook.ts beside an app says when it is rolled back, what it promises and who sees to the rest. It is checked at each deploy, in force with its release, and goes back with a rollback.",
    )
    .addHelpText(
      "after",
      `
Examples:
  evenkeel runbook init
  evenkeel runbook check shop
  evenkeel runbook decisions shop`,
    );
  registerCheck(runbook);
  registerShow(runbook);
  registerDecisions(runbook);
  registerSimulate(runbook);
  registerInit(runbook);
  registerTypes(runbook);
}
