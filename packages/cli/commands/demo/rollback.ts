import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseAppName } from "@evenkeel/model";
import type { Command } from "commander";
import { DemoFailedError } from "../../errors.ts";
import { withControl } from "../../platform/control.ts";
import { findHome, readConfig } from "../../platform/home.ts";
import { soundForMs, writeFailingApp } from "./failing-app.ts";
import { type SeenSecond, Visitors } from "./visitors.ts";

const app = "demo-rollback";
const perSecond = 20;
const limitMs = 120_000;

/** What \`--json\` prints. Times in milliseconds. */
interface DemoResult {
  app: string;
  requests: number;
  failed: number;
  lost: number;
  /** From the first failed answer to the first of the old version again. */
  backAfterMs: number;
  decision: unknown;
}

export function registerDemoRollback(demo: Command): void {
  demo
    .command("rollback")
    .summary("a release that starts to fail is rolled back by its runbook")
    .description(
      "Deploys a good version, sends it visitors, deploys one that starts to fail after a while, and shows how the runbook brings the good one back, with the evidence. Nothing is simulated: it is an app like any other.",
    )
    .option("--keep", "leave the app there afterwards")
    .option("--json", "print the result as JSON")
    .addHelpText("after", "\nExample:\n  evenkeel demo rollback")
    .action(async (options: { keep?: boolean; json?: boolean }) => {
      const folder = mkdtempSync(join(tmpdir(), "evenkeel-demo-"));
      try {
        const result = await play(folder);
        if (options.json) console.log(JSON.stringify(result));
        else await tell(result);
      } finally {
        rmSync(folder, { recursive: true, force: true });
        if (!options.keep) await evenkeel("remove", app, "--yes").catch(() => {});
      }
    });
}

async function play(folder: string): Promise<DemoResult> {
  await evenkeel("up", "--detach");
  say("1. A good version.");
  writeFailingApp(folder, "v1", false);
  await evenkeel("deploy", folder, "--app", app, "--prod");
  const config = readConfig(findHome());
  say(`2. ${perSecond} visitors a second.`);
  const visitors = new Visitors(
    { host: `${app}.${config.domain}`, port: config.port, path: "/api/hello", address: config.address },
    perSecond,
    (second) => say(`   ${line(second)}`),
  );
  try {
    await until(() => visitors.seconds.length >= 3, "visitors come");
    say(
      `3. A version that begins to fail half of its visitors after ${soundForMs / 1_000} s, when it has passed all tests.`,
    );
    writeFailingApp(folder, "v2", true);
    await evenkeel("deploy", folder, "--app", app, "--prod");
    say("4. Now nobody does anything.");
    const failing = () => visitors.seconds.findIndex(({ versions }) => (versions["v2"]?.failed ?? 0) > 0);
    await until(() => failing() >= 0 && visitors.latest === "v1", "the old version is back");
    await until(
      async () => (await decisions()).some(({ state }) => state === "done"),
      "the decision is written",
    );
    visitors.stop();
    return summarize(visitors.seconds, failing(), (await decisions())[0]);
  } finally {
    visitors.stop();
  }
}

const decisions = async () =>
  (
    await withControl((client) =>
      client.listRunbookDecisions({ app: parseAppName(app), environment: "production", limit: 5 }),
    )
  ).decisions;

function summarize(seconds: SeenSecond[], firstFailing: number, decision: unknown): DemoResult {
  const counts = seconds.flatMap(({ versions }) => Object.values(versions));
  const sum = (numbers: number[]) => numbers.reduce((total, number) => total + number, 0);
  const lost = sum(seconds.map((second) => second.lost));
  const lastOfNew = seconds.findLastIndex(({ versions }) => "v2" in versions);
  return {
    app,
    requests: sum(counts.map(({ passed, failed }) => passed + failed)) + lost,
    failed: sum(counts.map(({ failed }) => failed)),
    lost,
    backAfterMs: seconds[lastOfNew]!.atMs + 1_000 - seconds[firstFailing]!.atMs,
    decision,
  };
}

async function tell({ requests, failed, lost, backAfterMs }: DemoResult): Promise<void> {
  say("5. What was decided, and by which signals:");
  await evenkeel("runbook", "decisions", app, "--limit", "1", "--verbose");
  say("6. The ledger of releases:");
  await evenkeel("list", app, "--releases");
  say(
    `\n${requests} requests: ${failed} were failed by v2 until it was rolled back ${Math.round(backAfterMs / 1_000)} s after its first failure, ${lost} had no answer.`,
  );
}

function line({ atMs, versions, lost }: SeenSecond): string {
  const parts = Object.entries(versions).map(
    ([version, { passed, failed }]) => `${version}  ${"●".repeat(passed)}${"✗".repeat(failed)}`,
  );
  const time = new Date(atMs).toTimeString().slice(0, 8);
  return `${time}  ${parts.join("   ")}${lost > 0 ? `   ${lost} without an answer` : ""}`;
}

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** The very command that a person would type; what it prints is for reading, so it goes to standard error. */
function evenkeel(...words: string[]): Promise<void> {
  say(`\n$ evenkeel ${words.join(" ")}`);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const child = spawn(process.execPath, [process.argv[1]!, ...words], { stdio: ["ignore", 2, 2] });
  child.once("error", reject);
  child.once("close", (code) =>
    code === 0 ? resolve() : reject(new DemoFailedError(`\`evenkeel ${words[0]}\` ended with ${code}`)),
  );
  return promise;
}

async function until(holds: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const deadline = Date.now() + limitMs;
  while (!(await holds())) {
    if (Date.now() > deadline) {
      throw new DemoFailedError(`Waited ${limitMs / 1_000} s in vain until ${what}`, {
        hint: `Look at what happened: evenkeel runbook decisions ${app}; evenkeel status.`,
      });
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
