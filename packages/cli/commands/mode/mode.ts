import type { AppMode } from "@evenkeel/control";
import { parseAppName, parseDurationMs } from "@evenkeel/model";
import type { Command } from "commander";
import { UsageError } from "../../errors.ts";
import { withControl } from "../../platform/control.ts";
import { readEnvironment } from "../../platform/environment-option.ts";

const environments = ["production", "staging"] as const;

interface Options {
  env: string;
  json?: boolean;
}

interface SetOptions extends Options {
  features?: string;
  message?: string;
  essential?: string[];
  for?: string;
}

/** Doing less than usual, on purpose. */
export function registerMode(program: Command): void {
  const mode = program
    .command("mode")
    .summary("let an app do less than usual, on purpose")
    .description(
      "Degraded: named features are off by their flags, the rest goes on. Maintenance: visitors get a page (503), essential paths and operators pass. Apps read the flag evenkeel-mode, and evenkeel-banner for their pages.",
    )
    .addHelpText(
      "after",
      `
Examples:
  evenkeel mode set shop degraded --features ai_content_generation,team_collaboration
  evenkeel mode set shop maintenance --for 30m --essential /api/login
  evenkeel mode clear shop`,
    );
  command(mode, "show", "see the mode of an app").action(async (app: string, options: Options) => {
    print(app, await withControl((client) => client.getMode(ofApp(app, options))), options);
  });
  command(mode, "clear", "go back to all features").action(async (app: string, options: Options) => {
    print(app, await withControl((client) => client.clearMode(ofApp(app, options))), options);
  });
  mode
    .command("set")
    .summary("enter a mode")
    .description("Enters the degraded mode or maintenance; in force at all edges when the command returns.")
    .argument("<app>", "name of the app")
    .argument("<mode>", "degraded or maintenance")
    .option("--env <environment>", "production or staging", "production")
    .option("--features <names>", "flags that are off, by commas; else those of the runbook's degraded mode")
    .option("-m, --message <text>", "for visitors: on the page, or in the banner")
    .option("--essential <path...>", "paths that go on during maintenance, with all below them")
    .option("--for <duration>", "how long it is to last; told to visitors, it does not end by itself")
    .option("--json", "print as JSON")
    .addHelpText("after", "\nExample:\n  evenkeel mode set shop maintenance --for 30m")
    .action(async (app: string, name: string, options: SetOptions) => {
      if (name !== "degraded" && name !== "maintenance")
        throw new UsageError(`${JSON.stringify(name)} is no mode: use degraded or maintenance`);
      const { features, message, essential } = options;
      const set = await withControl((client) =>
        client.setMode({
          ...{ ...ofApp(app, options), mode: name },
          ...(features !== undefined && { features: features.split(",").map((each) => each.trim()) }),
          ...(message !== undefined && { message }),
          ...(essential && { essential }),
          ...(options.for !== undefined && { untilMs: Date.now() + parseDurationMs(options.for) }),
        }),
      );
      print(app, set, options);
    });
}

const command = (mode: Command, name: string, summary: string): Command =>
  mode
    .command(name)
    .summary(summary)
    .description(`${summary[0]!.toUpperCase()}${summary.slice(1)}.`)
    .argument("<app>", "name of the app")
    .option("--env <environment>", "production or staging", "production")
    .option("--json", "print as JSON")
    .addHelpText("after", `\nExample:\n  evenkeel mode ${name} shop`);

const ofApp = (app: string, { env }: Options) => ({
  app: parseAppName(app),
  environment: readEnvironment(env, environments, "environment with modes"),
});

function print(app: string, seen: AppMode & { pass?: string }, { json, env }: Options): void {
  if (json) return void console.log(JSON.stringify(seen));
  const { mode, features = [], message, essential = [], untilMs, enteredBy, pass } = seen;
  if (mode === "normal") return void console.log(`${app} does all it can in ${env}.`);
  console.log(
    `${app} is in ${mode === "degraded" ? "its degraded mode" : "maintenance"} in ${env}, by ${enteredBy!.name}: ${message}`,
  );
  if (features.length > 0) console.log(`  off        ${features.join(", ")}`);
  if (essential.length > 0) console.log(`  goes on    ${essential.join(", ")}`);
  if (untilMs !== undefined) console.log(`  until      ${new Date(untilMs).toISOString()}`);
  if (pass !== undefined) console.log(`  operators  open any page with ?evenkeel-pass=${pass} (shown once)`);
}
