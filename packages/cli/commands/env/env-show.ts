import type { VariableChangeView } from "@evenkeel/control";
import { parseAppName } from "@evenkeel/model";
import type { Command } from "commander";
import { formatAge, formatTable } from "../../output/table.ts";
import { withControl } from "../../platform/control.ts";
import { type EnvOptions, envCommand, environmentOf } from "./env-options.ts";

/** Looking at variables. */
export function registerEnvShow(env: Command): void {
  env
    .command("ls")
    .alias("list")
    .summary("list variables; never their values")
    .argument("<app>", "name of the app")
    .option("--env <environment>", "only this environment")
    .option("--json", "print as JSON")
    .addHelpText("after", "\nExample:\n  evenkeel env ls shop --env production")
    .action(list);
  envCommand(env, "history", "list who changed which variables when")
    .option("--name <name>", "only changes of this variable")
    .option("--limit <count>", "changes at most", "20")
    .addHelpText("after", "\nExample:\n  evenkeel env history shop --name API_KEY")
    .action(history);
  envCommand(env, "reveal", "print a variable's value; it is put on record who asked")
    .argument("<name>", "name of the variable")
    .addHelpText("after", "\nExample:\n  evenkeel env reveal shop API_KEY")
    .action(reveal);
}

async function list(app: string, options: { env?: string; json?: boolean }): Promise<void> {
  const wanted = options.env === undefined ? { app: parseAppName(app) } : environmentOf(app, options.env);
  const { variables } = await withControl((client) => client.listVariables(wanted));
  if (options.json) return void console.log(JSON.stringify(variables));
  if (variables.length === 0)
    return void console.log(`No variables yet. Set one: evenkeel env set ${app} NAME`);
  const rows = variables.map((one) => [
    one.environment,
    one.name,
    one.plain ? "plain" : "secret",
    `v${one.version}`,
    one.live === undefined ? "–" : one.live ? "live" : "not live",
    formatAge(one.updatedAtMs),
    one.updatedBy,
  ]);
  console.log(formatTable(["environment", "name", "kind", "version", "state", "changed", "by"], rows));
}

async function history(app: string, options: EnvOptions & { name?: string; limit: string }): Promise<void> {
  const { changes } = await withControl((client) =>
    client.listVariableChanges({
      ...environmentOf(app, options.env),
      ...(options.name === undefined ? {} : { name: options.name }),
      limit: Number(options.limit),
    }),
  );
  if (options.json) return void console.log(JSON.stringify(changes));
  if (changes.length === 0) return void console.log(`Nothing was changed in ${options.env} yet.`);
  const rows = changes.map((change) => [
    new Date(change.atMs).toISOString().replace(/\.\d+Z$/, "Z"),
    change.who,
    describe(change),
    change.release === undefined ? "–" : `v${change.release}`,
    change.reason ?? "",
  ]);
  console.log(formatTable(["when", "who", "what", "release", "reason"], rows));
}

const verbs: Record<VariableChangeView["kind"], string> = {
  set: "set",
  rotate: "rotated",
  overlap_end: "ended the overlap of",
  restore: "brought back",
  undo: "undid",
};

function describe({ kind, names }: VariableChangeView): string {
  const of = (removed: boolean) => names.filter((one) => one.removed === removed).map(({ name }) => name);
  const parts = [of(false), of(true)].map((some) => some.join(", "));
  if (kind === "overlap_end" || kind === "undo") return `${verbs[kind]} ${parts.filter(Boolean).join(", ")}`;
  return [parts[0] && `${verbs[kind]} ${parts[0]}`, parts[1] && `removed ${parts[1]}`]
    .filter(Boolean)
    .join("; ");
}

async function reveal(app: string, name: string, options: EnvOptions): Promise<void> {
  const { variables } = await withControl((client) =>
    client.revealVariables({ ...environmentOf(app, options.env), names: [name] }),
  );
  console.log(options.json ? JSON.stringify(variables) : variables[name]);
}
