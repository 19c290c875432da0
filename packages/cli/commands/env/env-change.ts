import type { Command } from "commander";
import { UsageError } from "../../errors.ts";
import { readSecret } from "../../output/read-secret.ts";
import { withControl } from "../../platform/control.ts";
import { type EnvOptions, envCommand, environmentOf } from "./env-options.ts";
import { followChange } from "./follow-change.ts";
import { makeApp } from "./make-app.ts";

interface ChangeOptions extends EnvOptions {
  release: boolean;
  message?: string;
}

/** A subcommand that changes variables. */
export const changeCommand = (env: Command, name: string, summary: string): Command =>
  envCommand(env, name, summary)
    .option("--no-release", "only deployments that are made afterwards get it")
    .option("-m, --message <text>", "reason, kept in the history and the ledger of releases");

/** Changing variables. */
export function registerEnvChange(env: Command): void {
  changeCommand(env, "set", "set variables, and release what is live with them")
    .argument("<names...>", "NAME, whose value is asked for or read from standard input; or NAME=value")
    .option("--plain", "they are no secrets: logs may show their values")
    .addHelpText(
      "after",
      `
Values on the command line are seen by every user of the machine and kept in the shell's history: give secrets by standard input.

Examples:
  evenkeel env set shop API_KEY < key.txt
  evenkeel env set shop LOG_LEVEL=debug PAGE_SIZE=50 --plain --env staging`,
    )
    .action(set);
  changeCommand(env, "rm", "remove variables, and release what is live without them")
    .argument("<names...>", "names of variables")
    .addHelpText("after", "\nExample:\n  evenkeel env rm shop OLD_KEY --env production")
    .action(remove);
}

async function set(
  app: string,
  words: string[],
  options: ChangeOptions & { plain?: boolean },
): Promise<void> {
  const wanted = environmentOf(app, options.env);
  const variables = await readValues(words);
  await withControl(async (client) => {
    await makeApp(client, wanted.app);
    const { deployments } = await client.setVariables({
      ...{ app: wanted.app, environments: [wanted.environment], variables, release: options.release },
      ...(options.plain ? { plain: true } : {}),
      ...(options.message ? { reason: options.message } : {}),
    });
    await followChange(client, { ...wanted, set: Object.keys(variables), removed: [], deployments }, options);
  });
}

async function remove(app: string, names: string[], options: ChangeOptions): Promise<void> {
  const wanted = environmentOf(app, options.env);
  await withControl(async (client) => {
    const { deployments } = await client.setVariables({
      ...{ app: wanted.app, environments: [wanted.environment], remove: names, release: options.release },
      ...(options.message ? { reason: options.message } : {}),
    });
    await followChange(client, { ...wanted, set: [], removed: names, deployments }, options);
  });
}

/** @throws UsageError where standard input would have to hold several values */
async function readValues(words: string[]): Promise<Record<string, string>> {
  const bare = words.filter((word) => !word.includes("="));
  if (bare.length > 1 && !process.stdin.isTTY) {
    throw new UsageError(`Standard input holds one value, and ${bare.join(", ")} need one each`, {
      hint: "Set them one after the other, or all at once from a file: evenkeel env push APP FILE",
    });
  }
  const variables: Record<string, string> = {};
  for (const word of words) {
    const at = word.indexOf("=");
    if (at === -1) variables[word] = await readSecret(`Value of ${word}: `);
    else variables[word.slice(0, at)] = word.slice(at + 1);
  }
  return variables;
}
