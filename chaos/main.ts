/**
 * Promises under faults, each with a control that must fail: `npm run chaos`. Options: see `usage`.
 *
 * Exit codes: 0 all held and every control failed, 1 one did not, 2 wrong words.
 */
import { loadavg } from "node:os";
import { parseArgs } from "node:util";
import { Progress } from "@evenkeel/cli/output/progress";
import { EvenkeelError } from "@evenkeel/model";
import { readCommit, readMachine } from "../bench/machine/machine.ts";
import type { Figure } from "../bench/report/figure.ts";
import { readRecord, writeRecord } from "../bench/report/proof-files.ts";
import { Chaos } from "./chaos.ts";
import { ChaosUsageError } from "./errors.ts";
import type { Programme } from "./programme.ts";
import { badDeployments } from "./programmes/bad-deployments/bad-deployments.ts";
import {
  type ChaosReport,
  describeChaos,
  isPassed,
  mergeResults,
  type ProgrammeResult,
  resultText,
} from "./report.ts";

const programmes: Programme[] = [badDeployments];

const usage = `Does harm on purpose, and counts what of the promises did not hold.

  npm run chaos                                    all programmes, whole
  npm run chaos -- --only bad-deployments --short  one, in short
  npm run chaos -- --save                          writes docs/proof/chaos.json and chaos.md

  --only NAME   ${programmes.map(({ name }) => name).join(", ")}; may be given several times
  --short       fewer cases: minutes
  --seed N      does a run again (default: drawn, and printed)
  --json        prints the results as JSON
  --save        records the results, those programmes' in place of their earlier ones`;

interface Wishes {
  chosen: Programme[];
  isShort: boolean;
  seed: number;
  json: boolean;
  save: boolean;
}

/** @throws ChaosUsageError */
function readWishes(words: string[]): Wishes | "help" {
  const values = parse(words);
  if (values.help) return "help";
  for (const name of values.only ?? []) {
    if (programmes.some((programme) => programme.name === name)) continue;
    throw new ChaosUsageError(`There is no programme "${name}"`, {
      hint: `Choose of ${programmes.map((programme) => programme.name).join(", ")}.`,
    });
  }
  const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(values.seed);
  if (!Number.isInteger(seed) || seed < 0)
    throw new ChaosUsageError(`--seed "${values.seed}" is no whole number from 0 on`);
  return {
    chosen: programmes.filter(({ name }) => values.only?.includes(name) ?? true),
    ...{ isShort: values.short ?? false, seed, json: values.json ?? false, save: values.save ?? false },
  };
}

function parse(words: string[]) {
  try {
    return parseArgs({
      args: words,
      options: {
        only: { type: "string", multiple: true },
        short: { type: "boolean" },
        seed: { type: "string" },
        json: { type: "boolean" },
        save: { type: "boolean" },
        help: { type: "boolean", short: "h" },
      },
    }).values;
  } catch (error) {
    throw new ChaosUsageError((error as Error).message, { hint: "See: npm run chaos -- --help" });
  }
}

async function runProgramme(
  programme: Programme,
  { seed, isShort }: Wishes,
  progress: Progress,
): Promise<ProgrammeResult> {
  const { name, title, conditions, control } = programme;
  const versions: Record<string, string> = {};
  const result: Omit<ProgrammeResult, "control" | "figures"> = {
    ...{ name, title, conditions, measuredAt: new Date().toISOString(), commit: readCommit() },
    ...{ machine: readMachine(), versions, seed, mode: isShort ? "short" : "whole" },
    loadAverage: loadavg()[0]!,
  };
  const run = async (isControl: boolean): Promise<Figure[]> => {
    const heading = isControl ? `${name} without ${control.without}` : name;
    await using chaos = new Chaos({
      ...{ seed, isShort, isControl },
      onStep: (text) => progress.step(`${heading}: ${text}`),
      onNote: (text) => progress.line(text),
    });
    const interrupted = () => void chaos[Symbol.asyncDispose]().finally(() => process.exit(130));
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, interrupted);
    const trial = await programme.setUp(chaos);
    await trial.strike();
    const figures = await trial.judge();
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.off(signal, interrupted);
    Object.assign(versions, chaos.versions);
    return figures;
  };
  return {
    ...result,
    control: { ...control, figures: await run(true) },
    figures: await run(false),
  };
}

async function main(): Promise<number> {
  const wishes = readWishes(process.argv.slice(2));
  if (wishes === "help") {
    console.log(usage);
    return 0;
  }
  const progress = new Progress();
  progress.line(`Seed ${wishes.seed}`);
  const results: ProgrammeResult[] = [];
  try {
    for (const programme of wishes.chosen) {
      const result = await runProgramme(programme, wishes, progress);
      results.push(result);
      progress.done();
      if (!wishes.json) console.log(`${resultText(result)}\n`);
    }
  } catch (error) {
    progress.fail();
    throw error;
  }
  if (wishes.json) console.log(JSON.stringify(results, null, 2));
  if (wishes.save) {
    const report = mergeResults(readRecord<ChaosReport>("chaos"), results);
    writeRecord("chaos", report, describeChaos(report));
  }
  return results.every(isPassed) ? 0 : 1;
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof EvenkeelError)) throw error;
  console.error(`chaos: ${error.message}${error.hint ? `\n${error.hint}` : ""}`);
  process.exitCode = error instanceof ChaosUsageError ? 2 : 1;
}
