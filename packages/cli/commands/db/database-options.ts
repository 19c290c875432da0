import type { DatabaseEvent } from "@evenkeel/control";
import { type AppName, parseAppName } from "@evenkeel/model";
import type { Command } from "commander";
import { Progress } from "../../output/progress.ts";
import {
  type DeployableEnvironment,
  deployableEnvironments,
  readEnvironment,
} from "../../platform/environment-option.ts";

export interface DatabaseOptions {
  env: string;
  json?: boolean;
}

/** A subcommand of one app's database. */
export const databaseCommand = (db: Command, name: string, summary: string): Command =>
  db
    .command(name)
    .summary(summary)
    .argument("<app>", "name of the app")
    .option("--env <environment>", "production, staging or preview", "production")
    .option("--json", "print as JSON");

/** @throws UsageError */
export const named = (
  app: string,
  { env }: DatabaseOptions,
): { app: AppName; environment: DeployableEnvironment } => ({
  app: parseAppName(app),
  environment: readEnvironment(env, deployableEnvironments, "environment with a database"),
});

/** Shows the progress of long work; its result. */
export async function followWork<Done extends object>(
  events: AsyncIterable<DatabaseEvent<Done>>,
  quiet: boolean | undefined,
): Promise<Done> {
  const progress = new Progress(quiet);
  try {
    for await (const event of events) {
      if (event.type === "done") {
        progress.done();
        return event;
      }
      const { step, fraction } = (event as Extract<typeof event, { type: "progress" }>).progress;
      progress.step(step);
      if (fraction !== undefined) progress.at(fraction);
    }
  } catch (error) {
    progress.fail();
    throw error;
  }
  progress.fail();
  throw new Error("The answer ended before the work did");
}
