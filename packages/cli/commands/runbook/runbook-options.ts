import { type AppName, parseAppName } from "@evenkeel/model";
import type { Command } from "commander";
import { readEnvironment } from "../../platform/environment-option.ts";

export interface RunbookOptions {
  env: string;
  json?: boolean;
}

const watched = ["production", "staging"] as const;

/** A subcommand about the runbook of one app. */
export const runbookCommand = (runbook: Command, name: string, summary: string): Command =>
  runbook
    .command(name)
    .summary(summary)
    .argument("<app>", "name of the app")
    .option("--env <environment>", "production or staging", "production")
    .option("--json", "print as JSON");

/** @throws UsageError */
export const ofApp = (
  app: string,
  { env }: Pick<RunbookOptions, "env">,
): { app: AppName; environment: (typeof watched)[number] } => ({
  app: parseAppName(app),
  environment: readEnvironment(env, watched, "environment whose releases are watched"),
});
