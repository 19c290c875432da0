import type { ControlClient, StagedRelease } from "@evenkeel/control";
import { type AppName, parseAppName } from "@evenkeel/model";
import type { Command } from "commander";
import { withControl } from "../../platform/control.ts";
import { readEnvironment } from "../../platform/environment-option.ts";
import { describeCanary, summarizeCanary } from "./describe-canary.ts";

const environments = ["production", "staging"] as const;

interface CanaryOptions {
  env: string;
  message?: string;
  step?: boolean;
  json?: boolean;
}

interface Named {
  app: AppName;
  environment: (typeof environments)[number];
}

/** Staged releases under way: `deploy --canary` and `rollback --canary` begin them. */
export function registerCanary(program: Command): void {
  const canary = program
    .command("canary")
    .summary("watch and steer a release in steps")
    .description(
      "A release in steps gives the new version a share of the visitors and compares it with the old one. It goes on by itself while the new one is sound, waits while too little is known, and goes back at once when it fails.",
    )
    .addHelpText(
      "after",
      `
Examples:
  evenkeel deploy ./shop --prod --canary "5% for 2 minutes, 25%, 100%"
  evenkeel canary status shop
  evenkeel canary abort shop -m "checkout is slow"`,
    );
  action(canary, "status", "show the steps and how new compares with old", show);
  action(canary, "promote", "release it to all visitors now", promote).option(
    "--step",
    "only go to the next step",
  );
  action(canary, "abort", "give all visitors back to the old version", abort).option(
    "-m, --message <text>",
    "reason, kept with it",
  );
  action(canary, "hold", "stay at this step until it is resumed", hold).option(
    "-m, --message <text>",
    "reason, kept with it",
  );
  action(canary, "resume", "go on after a hold", resume);
}

function action(
  canary: Command,
  name: string,
  summary: string,
  run: (client: ControlClient, named: Named, options: CanaryOptions) => Promise<StagedRelease | null>,
): Command {
  return canary
    .command(name)
    .summary(summary)
    .description(`${summary[0]!.toUpperCase()}${summary.slice(1)}.`)
    .argument("<app>", "name of the app")
    .option("--env <environment>", "production or staging", "production")
    .option("--json", "print as JSON")
    .addHelpText("after", `\nExample:\n  evenkeel canary ${name} shop`)
    .action(async (app: string, options: CanaryOptions) => {
      const environment = readEnvironment(options.env, environments, "environment with canaries");
      const named = { app: parseAppName(app), environment };
      const seen = await withControl((client) => run(client, named, options));
      if (options.json) console.log(JSON.stringify(seen));
      else if (seen === null) console.log(`${app} has had no canary in ${environment}.`);
      else console.log(name === "status" ? describeCanary(seen) : summarizeCanary(seen));
    });
}

const show = async (client: ControlClient, named: Named) => (await client.getCanary(named)).canary;

/** To the step after the one that is seen now: whoever else acts in this moment is not doubled. */
async function promote(client: ControlClient, named: Named, { step }: CanaryOptions) {
  const seen = await show(client, named);
  return (await client.promoteCanary({ ...named, all: !step, ...(seen && { seenStep: seen.step }) })).canary;
}

const abort = async (client: ControlClient, named: Named, { message }: CanaryOptions) =>
  (await client.abortCanary({ ...named, ...(message && { reason: message }) })).canary;

const hold = async (client: ControlClient, named: Named, { message }: CanaryOptions) =>
  (await client.holdCanary({ ...named, ...(message && { reason: message }) })).canary;

const resume = async (client: ControlClient, named: Named) => (await client.resumeCanary(named)).canary;
