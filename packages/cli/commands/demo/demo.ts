import type { Command } from "commander";
import { registerDemoRollback } from "./rollback.ts";

export function registerDemo(program: Command): void {
  const demo = program
    .command("demo")
    .summary("see the platform keep a promise, on this machine")
    .description("Deploys a small app, breaks a promise of its runbook on purpose, and shows what is done.")
    .addHelpText("after", "\nExample:\n  evenkeel demo rollback");
  registerDemoRollback(demo);
}
