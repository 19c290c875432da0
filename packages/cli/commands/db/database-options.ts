import type { DatabaseEvent } from "@evenkeel/control";
import { type AppName, parseAppName } from "@evenkeel/model";
import type { Command } from "commander";
import { UsageError } from "../../errors.ts";
import { Progress } from "../../output/progress.ts";

export type Environment = "production" | "staging" | "preview";
const environments: readonly string[] = ["production", "staging", "preview"] satisfies Environment[];

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
export function named(app: string, { env }: DatabaseOptions): { app: AppName; environment: Environment } {
  if (!environments.includes(env)) {
    throw new UsageError(`--env "${env}" is no environment with a database`, {
      hint: `Use one of: ${environments.join(", ")}.`,
    });
  }
  return { app: parseAppName(app), environment: env as Environment };
}

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
