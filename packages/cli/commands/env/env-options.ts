import { type AppName, type EnvironmentName, parseAppName } from "@evenkeel/model";
import type { Command } from "commander";
import { allEnvironments, readEnvironment } from "../../platform/environment-option.ts";

export interface EnvOptions {
  env: string;
  json?: boolean;
}

/** A subcommand about one environment of an app. */
export const envCommand = (
  env: Command,
  name: string,
  summary: string,
  usual: EnvironmentName = "production",
): Command =>
  env
    .command(name)
    .summary(summary)
    .argument("<app>", "name of the app")
    .option("--env <environment>", "production, staging, preview or development", usual)
    .option("--json", "print as JSON");

/** @throws UsageError */
export const environmentOf = (app: string, name: string): { app: AppName; environment: EnvironmentName } => ({
  app: parseAppName(app),
  environment: readEnvironment(name, allEnvironments, "environment"),
});
