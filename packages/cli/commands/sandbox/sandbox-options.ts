import { parseAppName } from "@evenkeel/model";
import type { Command } from "commander";
import { allEnvironments, readEnvironment } from "../../platform/environment-option.ts";

export interface SandboxOptions {
  env: string;
  json?: boolean;
}

/** A subcommand about the twins of one app environment. */
export const sandboxCommand = (parent: Command, name: string, summary: string): Command =>
  parent
    .command(name)
    .summary(summary)
    .argument("<app>", "name of the app")
    .option("--env <environment>", "production, staging, preview or development", "preview")
    .option("--json", "print as JSON");

/** Of the sandbox's own API. @throws UsageError, InvalidValueError */
export const accountPath = (app: string, { env }: SandboxOptions): string =>
  `/accounts/${parseAppName(app)}/${readEnvironment(env, allEnvironments, "environment")}`;
