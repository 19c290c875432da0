import type { Drill } from "@evenkeel/control";
import { formatDuration, parseAppName } from "@evenkeel/model";
import { drillScenarios } from "@evenkeel/runbook";
import type { Command } from "commander";
import { UsageError } from "../../errors.ts";
import { formatTable } from "../../output/table.ts";
import { withControl } from "../../platform/control.ts";
import { deployableEnvironments, readEnvironment } from "../../platform/environment-option.ts";
import { followWork } from "../db/database-options.ts";

/** Rehearsed disasters. */
export function registerDrill(program: Command): void {
  const drill = program
    .command("drill")
    .summary("rehearse disasters on a copy, and measure what they cost")
    .description(
      "Each drill rehearses a disaster on a throw-away copy, measures data lost and time to recover against the runbook's objectives, and keeps the evidence. It fails when an objective is missed or a step could not run. Those of `disasterScenarios` run by themselves, too.",
    )
    .addHelpText(
      "after",
      "\nExamples:\n  evenkeel drill run shop database_corruption\n  evenkeel drill list shop",
    );
  drill
    .command("run")
    .summary("rehearse a disaster now")
    .argument("<app>", "name of the app")
    .argument("<scenario>", drillScenarios.join(", "))
    .option("--env <environment>", "production, staging or preview", "production")
    .option("--json", "print as JSON")
    .addHelpText(
      "after",
      "\nExits with 1 when the drill fails.\n\nExample:\n  evenkeel drill run shop region_failure",
    )
    .action(run);
  drill
    .command("list")
    .summary("list drills, newest first")
    .argument("<app>", "name of the app")
    .option("--json", "print as JSON")
    .addHelpText("after", "\nExample:\n  evenkeel drill list shop")
    .action(list);
  drill
    .command("show")
    .summary("show a drill's evidence: steps, measured, objectives, failures")
    .argument("<app>", "name of the app")
    .argument("<drill>", "its id")
    .option("--json", "print as JSON")
    .addHelpText("after", "\nExample:\n  evenkeel drill show shop k3v9x1m2pq")
    .action(show);
}

interface RunOptions {
  env: string;
  json?: boolean;
}

async function run(name: string, given: string, { env, json }: RunOptions): Promise<void> {
  const app = parseAppName(name);
  const environment = readEnvironment(env, deployableEnvironments, "environment of a drill");
  const scenario = drillScenarios.find((each) => each === given);
  if (!scenario) {
    throw new UsageError(`There is no drill of "${given}"`, {
      hint: `Use one of: ${drillScenarios.join(", ")}.`,
    });
  }
  const { drill } = await withControl((client) =>
    followWork(client.runDrill({ app, environment, scenario }), json),
  );
  if (drill.state !== "passed") process.exitCode = 1;
  print(drill, json);
}

async function list(name: string, { json }: { json?: boolean }): Promise<void> {
  const app = parseAppName(name);
  const { drills } = await withControl((client) => client.listDrills({ app }));
  if (json) return void console.log(JSON.stringify(drills));
  if (drills.length === 0)
    return void console.log(`No drills of ${app} yet: evenkeel drill run ${app} database_corruption`);
  const rows = drills.map((one) => [
    ...[one.id, when(one.startedMs), one.scenario, one.environment, one.state],
    ...[duration(one.rpoMs), duration(one.rtoMs), one.trigger, one.failures[0]?.message ?? ""],
  ]);
  console.log(
    formatTable(
      ["drill", "when (UTC)", "scenario", "environment", "state", "lost", "back in", "trigger", "reason"],
      rows,
    ),
  );
}

async function show(name: string, id: string, { json }: { json?: boolean }): Promise<void> {
  const { drill } = await withControl((client) => client.getDrill({ app: parseAppName(name), drill: id }));
  print(drill, json);
}

function print(drill: Drill, json: boolean | undefined): void {
  if (json) return void console.log(JSON.stringify(drill));
  const { scenario, app, environment, state, objectives, rpoMs, rtoMs, steps, failures, id } = drill;
  console.log(`Drill ${id}, ${scenario} of ${app}/${environment}: ${state}\n`);
  console.log(
    formatTable(
      ["step", "took", "seen"],
      steps.map((step) => [step.name, formatDuration(step.tookMs), step.says]),
    ),
  );
  console.log(
    `\n${formatTable(
      ["", "objective", "measured"],
      [
        ["data lost", duration(objectives.rpoMs), duration(rpoMs)],
        ["back in", duration(objectives.rtoMs), duration(rtoMs)],
      ],
    )}`,
  );
  if (failures.length > 0)
    console.log(`\n${failures.map(({ step, message }) => `Failed at ${step}: ${message}`).join("\n")}`);
}

const duration = (ms: number | undefined): string => (ms === undefined ? "–" : formatDuration(ms));
const when = (ms: number): string => new Date(ms).toISOString().slice(0, 19).replace("T", " ");
