import { type AppName, type EnvironmentName, parseAppName } from "@evenkeel/model";
import type { Command } from "commander";
import { UsageError } from "../../errors.ts";

const environments: readonly string[] = ["production", "staging", "preview", "development"];

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
export function environmentOf(app: string, name: string): { app: AppName; environment: EnvironmentName } {
  if (!environments.includes(name)) {
    throw new UsageError(`--env "${name}" is no environment`, {
      hint: `Use one of: ${environments.join(", ")}.`,
    });
  }
  return { app: parseAppName(app), environment: name as EnvironmentName };
}
