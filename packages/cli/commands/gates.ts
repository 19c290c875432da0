import type { ReleasePlanReply } from "@evenkeel/control";
import {
  formatDuration,
  formatRolloutSteps,
  formatSize,
  parseAppName,
  parseRolloutSteps,
  parseSizeBytes,
} from "@evenkeel/model";
import type { Command } from "commander";
import { UsageError } from "../errors.ts";
import { withControl } from "../platform/control.ts";
import { deployableEnvironments, readEnvironment } from "../platform/environment-option.ts";

type Plan = ReleasePlanReply["plan"];

interface GateOptions {
  env: string;
  check?: string[];
  smoke?: string[];
  health?: string[];
  budget?: string;
  canary?: string;
  twoPeople?: boolean;
  twoPeopleToDeploy?: boolean;
  json?: boolean;
}

const commandLimitMs = 15 * 60_000;
const askLimitMs = 15_000;
const passing = { least: 200, most: 299 };

/** What an environment wants of each release. A `runbook.ts` of the app's own stands over it. */
export function registerGates(program: Command): void {
  const gates = program
    .command("gates")
    .summary("what has to hold before a deployment is released")
    .description(
      "Checks, tests and budgets that a deployment has to pass, steps in which it is released, and checks of its health. A deployment's own runbook.ts stands over them.",
    );
  gates
    .command("show")
    .summary("show what is set")
    .argument("<app>", "name of the app")
    .option("--env <environment>", deployableEnvironments.join(", "), "production")
    .option("--json", "print as JSON")
    .addHelpText("after", "\nExample:\n  evenkeel gates show shop")
    .action(async (app: string, options: GateOptions) => {
      const named = { app: parseAppName(app), environment: environmentOf(options) };
      report(await withControl((client) => client.getReleasePlan(named)), options);
    });
  gates
    .command("set")
    .summary("set all of it, in place of what was set before")
    .argument("<app>", "name of the app")
    .option("--env <environment>", deployableEnvironments.join(", "), "production")
    .option("--check <name=command...>", "run before the release; e2e and visual at the deployment's own URL")
    .option("--smoke <path...>", "has to answer 2xx before the release and after it")
    .option("--health <path...>", "is asked every 10 s while it serves")
    .option("--budget <size>", "of all scripts for browsers, gzipped: 1MB")
    .option("--canary <steps>", 'release in steps: "5% for 2 minutes, 25%, 100%"')
    .option("--two-people", "a rollback by hand takes two people")
    .option("--two-people-to-deploy", "a deploy to production takes two people")
    .option("--json", "print as JSON")
    .addHelpText(
      "after",
      '\nExamples:\n  evenkeel gates set shop --check "lint=npm run lint" "e2e=npm run e2e" --smoke / /api/health --budget 1MB\n  evenkeel gates set shop',
    )
    .action(async (app: string, options: GateOptions) => {
      const named = { app: parseAppName(app), environment: environmentOf(options) };
      const plan = readPlan(options);
      report(await withControl((client) => client.setReleasePlan({ ...named, plan })), options);
    });
}

const environmentOf = ({ env }: GateOptions) =>
  readEnvironment(env, deployableEnvironments, "environment with deployments");

function readPlan(options: GateOptions): Partial<Plan> {
  const { check = [], smoke = [], health = [], budget, canary, twoPeople, twoPeopleToDeploy } = options;
  const asked = (path: string) => ({
    name: path,
    path: readPath(path),
    method: "GET" as const,
    status: passing,
  });
  return {
    pipelineChecks: check.map(readCheck),
    smokeTests: smoke.map((path) => ({ ...asked(path), timeoutMs: askLimitMs })),
    healthChecks: health.map((path) => ({
      ...{ ...asked(path), intervalMs: 10_000, timeoutMs: 5_000, failures: 3 },
    })),
    budgets: budget === undefined ? [] : [{ of: "bundle", bytes: parseSizeBytes(budget), gzipped: true }],
    ...(canary !== undefined && { canary: { steps: readSteps(canary), minimumSamples: 50 } }),
    approvals: { manualRollback: twoPeople ? 2 : 0, productionDeploy: twoPeopleToDeploy ? 2 : 0 },
  };
}

function readCheck(text: string): Plan["pipelineChecks"][number] {
  const [name, ...words] = text.split("=");
  const run = words.join("=");
  if (name && run) return { name, run, timeoutMs: commandLimitMs };
  throw new UsageError(`--check "${text}" is no name and command`, {
    hint: 'Write it as "lint=npm run lint".',
  });
}

function readPath(path: string): string {
  if (path.startsWith("/")) return path;
  throw new UsageError(`"${path}" is no path`, { hint: "A path begins with /: /api/health" });
}

function readSteps(text: string): NonNullable<Plan["canary"]>["steps"] {
  return parseRolloutSteps(text).map(({ share, durationMs }) => {
    if (durationMs !== null) return { share, holdMs: durationMs };
    throw new UsageError("A setting has no steps that wait for somebody", {
      hint: "Give each step a time; `evenkeel canary hold` stays at one.",
    });
  });
}

function report({ environment, plan }: ReleasePlanReply, { json }: GateOptions): void {
  if (json) return void console.log(JSON.stringify(plan));
  const lines = [
    ...plan.pipelineChecks.map(({ name, run }) => `check   ${name}: ${run}`),
    ...plan.smokeTests.map((test) => `smoke   ${"path" in test ? `${test.method} ${test.path}` : test.run}`),
    ...plan.budgets.map(
      ({ of, bytes, gzipped }) => `budget  ${of}: ${formatSize(bytes)}${gzipped ? " gzipped" : ""}`,
    ),
    ...plan.healthChecks.map(({ path, intervalMs }) => `health  ${path} every ${formatDuration(intervalMs)}`),
    ...(plan.canary
      ? [
          `canary  ${formatRolloutSteps(plan.canary.steps.map(({ share, holdMs }) => ({ share, durationMs: holdMs })))}`,
        ]
      : []),
    ...(plan.approvals.manualRollback === 2 ? ["people  a rollback by hand takes two"] : []),
    ...(plan.approvals.productionDeploy === 2 ? ["people  a deploy to production takes two"] : []),
  ];
  console.log(lines.length > 0 ? lines.join("\n") : `Nothing is set for ${environment}.`);
}
