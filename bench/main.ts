/**
 * The measurements, side by side with peers on this machine: `npm run bench`. Options: see `usage`.
 *
 * Exit codes: 0 all goals met, 1 a goal missed or a measurement failed, 2 wrong words, 69 a tool is missing.
 */
import { loadavg } from "node:os";
import { parseArgs } from "node:util";
import { Progress } from "@evenkeel/cli/output/progress";
import { EvenkeelError } from "@evenkeel/model";
import { Bench, type Program } from "./bench.ts";
import { BenchUsageError, ToolMissingError } from "./errors.ts";
import { type Cores, chooseCores } from "./machine/cores.ts";
import { readCommit, readMachine } from "./machine/machine.ts";
import { requireTools } from "./machine/tools.ts";
import { aliases } from "./programs/aliases.ts";
import { coldStart } from "./programs/cold-start.ts";
import { databaseBackup } from "./programs/database-backup.ts";
import { databaseBranch } from "./programs/database-branch.ts";
import { databaseDamage } from "./programs/database-damage.ts";
import { databaseIdle } from "./programs/database-idle.ts";
import { databaseLoss } from "./programs/database-loss.ts";
import { databasePoints } from "./programs/database-points.ts";
import { databaseRestore } from "./programs/database-restore.ts";
import { databaseVerification } from "./programs/database-verification.ts";
import { deploy } from "./programs/deploy.ts";
import { dynamic } from "./programs/dynamic.ts";
import { flags } from "./programs/flags.ts";
import { idle } from "./programs/idle.ts";
import { isr } from "./programs/isr.ts";
import { logs } from "./programs/logs.ts";
import { reminders } from "./programs/reminders.ts";
import { rollback } from "./programs/rollback.ts";
import { runbook } from "./programs/runbook.ts";
import { sandbox } from "./programs/sandbox.ts";
import { schedules } from "./programs/schedules.ts";
import { secretRotation } from "./programs/secret-rotation.ts";
import { signals } from "./programs/signals.ts";
import { staticFile } from "./programs/static.ts";
import { isMet } from "./report/figure.ts";
import { figureTable } from "./report/figure-table.ts";
import { readProof, writeProof } from "./report/proof-files.ts";
import { mergeReports, type ProgramResult, type Report } from "./report/report.ts";

const programs: Program[] = [
  staticFile,
  isr,
  dynamic,
  coldStart,
  rollback,
  deploy,
  idle,
  aliases,
  schedules,
  flags,
  sandbox,
  signals,
  logs,
  databaseBackup,
  databaseRestore,
  databaseBranch,
  databaseVerification,
  secretRotation,
  databaseLoss,
  databaseIdle,
  databasePoints,
  databaseDamage,
  runbook,
  reminders,
];

const usage = `Measures Evenkeel beside its peers on this machine.

  npm run bench                        all programs
  npm run bench -- --only static       one; may be given several times
  npm run bench -- --save              writes docs/proof/bench.json and bench.md

  --only NAME     ${programs.map(({ name }) => name).join(", ")}
  --rounds N      how often each side is measured (default 5); the median counts
  --seconds N     length of one load (default 5)
  --size MB       of databases, for trying; the goals are for the usual sizes
  --json          prints the report as JSON
  --save          records the results; with --only, those programs' in place of their earlier ones`;

interface Wishes {
  chosen: Program[];
  rounds: number;
  seconds: number;
  sizeMb: number | undefined;
  json: boolean;
  save: boolean;
}

/** @throws BenchUsageError */
function readWishes(words: string[]): Wishes | "help" {
  let values: {
    only?: string[];
    rounds?: string;
    seconds?: string;
    size?: string;
    json?: boolean;
    save?: boolean;
    help?: boolean;
  };
  try {
    ({ values } = parseArgs({
      args: words,
      options: {
        only: { type: "string", multiple: true },
        rounds: { type: "string" },
        seconds: { type: "string" },
        size: { type: "string" },
        json: { type: "boolean" },
        save: { type: "boolean" },
        help: { type: "boolean", short: "h" },
      },
    }));
  } catch (error) {
    throw new BenchUsageError((error as Error).message, { hint: "See: npm run bench -- --help" });
  }
  if (values.help) return "help";
  for (const name of values.only ?? []) {
    if (programs.some((program) => program.name === name)) continue;
    throw new BenchUsageError(`There is no program "${name}"`, {
      hint: `Choose of ${programs.map((program) => program.name).join(", ")}.`,
    });
  }
  return {
    chosen: programs.filter(({ name }) => values.only?.includes(name) ?? true),
    rounds: wholeNumber("--rounds", values.rounds ?? "5"),
    seconds: wholeNumber("--seconds", values.seconds ?? "5"),
    sizeMb: values.size === undefined ? undefined : wholeNumber("--size", values.size, 100_000),
    json: values.json ?? false,
    save: values.save ?? false,
  };
}

function wholeNumber(option: string, text: string, most = 1_000): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= most) return value;
  throw new BenchUsageError(`${option} "${text}" is no whole number from 1 to ${most}`);
}

async function runPrograms(
  { chosen, rounds, seconds, sizeMb }: Wishes,
  cores: Cores,
  progress: Progress,
): Promise<Report> {
  const report: Report = { machine: readMachine(), versions: {}, programs: [] };
  for (const program of chosen) {
    const result: Omit<ProgramResult, "figures"> = {
      name: program.name,
      title: program.title,
      conditions: program.conditions,
      measuredAt: new Date().toISOString(),
      commit: readCommit(),
      rounds,
      seconds,
      loadAverage: loadavg()[0]!,
    };
    await using bench = new Bench({
      ...{ rounds, seconds, sizeMb, cores },
      onStep: (text) => progress.step(`${program.name}: ${text}`),
      onNote: (text) => progress.line(text),
    });
    const interrupted = () => void bench[Symbol.asyncDispose]().finally(() => process.exit(130));
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, interrupted);
    report.programs.push({ ...result, figures: await program.run(bench) });
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.off(signal, interrupted);
    Object.assign(report.versions, bench.versions);
  }
  progress.done();
  return report;
}

async function main(): Promise<number> {
  const wishes = readWishes(process.argv.slice(2));
  if (wishes === "help") {
    console.log(usage);
    return 0;
  }
  const cores = chooseCores();
  requireTools(wishes.chosen.flatMap(({ tools }) => tools));
  const progress = new Progress();
  const report = await runPrograms(wishes, cores, progress).catch((error) => {
    progress.fail();
    throw error;
  });
  const figures = report.programs.flatMap((program) => program.figures);
  console.log(wishes.json ? JSON.stringify(report, null, 2) : figureTable(figures));
  if (wishes.save) writeProof(mergeReports(readProof(), report));
  return figures.every(isMet) ? 0 : 1;
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof EvenkeelError)) throw error;
  console.error(`bench: ${error.message}${error.hint ? `\n${error.hint}` : ""}`);
  process.exitCode = error instanceof BenchUsageError ? 2 : error instanceof ToolMissingError ? 69 : 1;
}
