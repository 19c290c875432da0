import type { FlagsChanged } from "@evenkeel/control";
import type { AppName } from "@evenkeel/model";
import { parseAppName } from "@evenkeel/model";
import type { Command } from "commander";
import {
  type DeployableEnvironment,
  deployableEnvironments,
  readEnvironment,
} from "../../platform/environment-option.ts";

export interface FlagOptions {
  env: string;
  json?: boolean;
}

/** A subcommand of one app's flags. */
export const flagCommand = (flags: Command, name: string, summary: string): Command =>
  flags
    .command(name)
    .summary(summary)
    .argument("<app>", "name of the app")
    .option("--env <environment>", "production, staging or preview", "production")
    .option("--json", "print as JSON");

/** @throws UsageError */
export const owner = (
  app: string,
  { env }: FlagOptions,
): { app: AppName; environment: DeployableEnvironment } => ({
  app: parseAppName(app),
  environment: readEnvironment(env, deployableEnvironments, "environment with flags"),
});

/** What came of a change. */
export function reportChange(done: string, changed: FlagsChanged, { json }: FlagOptions): void {
  if (json) return void console.log(JSON.stringify(changed));
  console.log(`${done}: version ${changed.version}, in force at ${changed.acknowledged.length} edges.`);
  if (changed.unconfirmed.length > 0) {
    console.error(`Not confirmed yet by ${changed.unconfirmed.join(", ")}; they follow as soon as they can.`);
  }
}
