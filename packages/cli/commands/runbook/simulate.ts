import { evaluateOwnRunbook } from "@evenkeel/build";
import { formatDuration, parseDurationMs } from "@evenkeel/model";
import type { Command } from "commander";
import { UsageError } from "../../errors.ts";
import { formatTable } from "../../output/table.ts";
import { withControl } from "../../platform/control.ts";
import { callerPath } from "../../platform/home.ts";
import { ofApp, type RunbookOptions, runbookCommand } from "./runbook-options.ts";

interface Options extends RunbookOptions {
  from: string;
  to?: string;
  runbook?: string;
}

export function registerSimulate(runbook: Command): void {
  runbookCommand(runbook, "simulate", "replay recorded signals: what it would have decided")
    .option("--from <time>", "a time with its zone, or how long ago", "30 min")
    .option("--to <time>", "likewise; default: now")
    .option("--runbook <folder>", "the runbook of this folder instead of the one in force")
    .addHelpText(
      "after",
      "\nSignals are kept by the second for an hour. Nothing is done.\n\nExamples:\n  evenkeel runbook simulate shop --from '30 min'\n  evenkeel runbook simulate shop --from 2026-11-21T11:00:00Z --to 2026-11-21T11:30:00Z --runbook ./shop",
    )
    .action(async (app: string, options: Options) => {
      const nowMs = Date.now();
      const given = options.runbook === undefined ? undefined : await otherRunbook(options.runbook);
      const simulation = await withControl((client) =>
        client.simulateRunbook({
          ...ofApp(app, options),
          fromMs: readTime("--from", options.from, nowMs),
          toMs: options.to === undefined ? nowMs : readTime("--to", options.to, nowMs),
          ...(given && { runbook: given }),
        }),
      );
      if (options.json) return void console.log(JSON.stringify(simulation));
      const { decisions, seconds, fromMs, toMs } = simulation;
      console.log(
        `${formatDuration(toMs - fromMs)} replayed, ${seconds} seconds with signals: ${decisions.length === 0 ? "nothing would have been decided." : ""}`,
      );
      if (decisions.length === 0) return;
      console.log(
        formatTable(
          ["when", "action", "clause", "because"],
          decisions.map(({ atMs, action, clause, says }) => [
            new Date(atMs).toISOString(),
            action,
            clause,
            says,
          ]),
        ),
      );
    });
}

async function otherRunbook(folder: string) {
  const evaluated = await evaluateOwnRunbook(callerPath(folder));
  if (evaluated) return evaluated;
  throw new UsageError(`There is no runbook.ts in ${folder}`);
}

function readTime(option: string, text: string, nowMs: number): number {
  if (/^\d{4}-\d\d-\d\dT.*(?:Z|[+-]\d\d:?\d\d)$/.test(text) && !Number.isNaN(Date.parse(text)))
    return Date.parse(text);
  try {
    return nowMs - parseDurationMs(text.replace(/\s*ago$/, ""));
  } catch {
    throw new UsageError(`${option} "${text}" is no time`, {
      hint: "Write 2026-11-21T11:00:00Z, or how long ago: '30 min'.",
    });
  }
}
