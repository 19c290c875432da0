import { type EnvironmentName, parseAppName } from "@evenkeel/model";
import type { Command } from "commander";
import { UsageError } from "../../errors.ts";

const environments: readonly EnvironmentName[] = ["production", "staging", "preview", "development"];

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
export function accountPath(app: string, { env }: SandboxOptions): string {
  if (!environments.some((environment) => environment === env)) {
    throw new UsageError(`--env "${env}" is no environment`, {
      hint: `Use one of: ${environments.join(", ")}.`,
    });
  }
  return `/accounts/${parseAppName(app)}/${env}`;
}
