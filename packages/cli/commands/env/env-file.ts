import { existsSync, readFileSync } from "node:fs";
import { writeFileDurably } from "@evenkeel/disk";
import type { Command } from "commander";
import { UsageError } from "../../errors.ts";
import { withControl } from "../../platform/control.ts";
import { formatEnvFile, readCheckedEnvFile } from "../../platform/env-file.ts";
import { callerPath } from "../../platform/home.ts";
import { changeCommand } from "./env-change.ts";
import { type EnvOptions, envCommand, environmentOf } from "./env-options.ts";
import { followChange } from "./follow-change.ts";
import { makeApp } from "./make-app.ts";

/** Variables from and to `.env` files. */
export function registerEnvFile(env: Command): void {
  envCommand(
    env,
    "pull",
    "write an environment's variables into a .env file, for its owner alone",
    "development",
  )
    .argument("[file]", "the file", ".env.local")
    .option("-y, --yes", "write over a file that `env pull` did not write")
    .addHelpText(
      "after",
      "\nIt is put on record who asked.\n\nExample:\n  evenkeel env pull shop --env development",
    )
    .action(pull);
  changeCommand(
    env,
    "push",
    "set the variables of a .env file, all or none, and release what is live with them",
  )
    .argument("[file]", "the file, by dotenv's rules", ".env")
    .option("--plain", "they are no secrets: logs may show their values")
    .option("--prune", "remove the variables that the file does not have")
    .addHelpText("after", "\nExample:\n  evenkeel env push shop .env.production --env production")
    .action(push);
}

const heading = "# Written by `evenkeel env pull`";

async function pull(app: string, file: string, options: EnvOptions & { yes?: boolean }): Promise<void> {
  const wanted = environmentOf(app, options.env);
  const path = callerPath(file);
  if (!options.yes && existsSync(path) && !readFileSync(path, "utf8").startsWith(heading)) {
    throw new UsageError(`${path} is there already, and not from \`env pull\``, {
      hint: "Name another file, or add --yes to write over it.",
    });
  }
  const { variables } = await withControl((client) => client.revealVariables(wanted));
  const text = `${heading}: ${app}, ${options.env}\n${formatEnvFile(variables)}`;
  writeFileDurably(path, text, 0o600);
  const names = Object.keys(variables);
  if (options.json) console.log(JSON.stringify({ file: path, names }));
  else console.log(`${names.length} variables of ${app} in ${options.env} are in ${path}`);
}

interface PushOptions extends EnvOptions {
  release: boolean;
  message?: string;
  plain?: boolean;
  prune?: boolean;
}

async function push(app: string, file: string, options: PushOptions): Promise<void> {
  const wanted = environmentOf(app, options.env);
  const variables = readCheckedEnvFile(callerPath(file));
  await withControl(async (client) => {
    await makeApp(client, wanted.app);
    const before = options.prune ? (await client.listVariables(wanted)).variables : [];
    const remove = before.map(({ name }) => name).filter((name) => !(name in variables));
    const result = await client.setVariables({
      ...{ app: wanted.app, environments: [wanted.environment], variables, remove, fromFile: true },
      release: options.release,
      ...(options.plain ? { plain: true } : {}),
      ...(options.message ? { reason: options.message } : {}),
    });
    const set = [...new Set(result.variables.map(({ name }) => name))];
    const { deployments } = result;
    await followChange(client, { ...wanted, set, removed: remove, deployments }, options);
  });
}
