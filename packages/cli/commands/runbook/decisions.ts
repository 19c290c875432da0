import type { RunbookDecision } from "@evenkeel/control";
import { formatDuration } from "@evenkeel/model";
import type { Command } from "commander";
import { formatAge, formatTable } from "../../output/table.ts";
import { withControl } from "../../platform/control.ts";
import { wholeNumber } from "../up.ts";
import { ofApp, type RunbookOptions, runbookCommand } from "./runbook-options.ts";

interface Options extends RunbookOptions {
  limit: string;
  verbose?: boolean;
}

export function registerDecisions(runbook: Command): void {
  runbookCommand(runbook, "decisions", "what was decided by it, with the evidence")
    .option("--limit <count>", "so many, newest first", "20")
    .option("--verbose", "with the signals of the minute before")
    .addHelpText("after", "\nExample:\n  evenkeel runbook decisions shop --limit 1 --verbose")
    .action(async (app: string, options: Options) => {
      const limit = wholeNumber("--limit", options.limit, 1, 500);
      const { decisions } = await withControl((client) =>
        client.listRunbookDecisions({ ...ofApp(app, options), limit }),
      );
      if (options.json) return void console.log(JSON.stringify({ decisions }));
      if (decisions.length === 0)
        return void console.log(`Nothing was decided by the runbook of ${app} in ${options.env}.`);
      console.log(decisions.map((decision) => describe(decision, options.verbose ?? false)).join("\n\n"));
    });
}

function describe(decision: RunbookDecision, verbose: boolean): string {
  const { id, action, clause, state, evidence, outcome, alsoBroken } = decision;
  const conditions = evidence.finding.conditions.map(
    ({ says, value, samples, knownS, windowS }) =>
      `${says}; ${value === undefined ? "nothing" : percent(value)} of ${samples} in ${knownS} of ${windowS} s`,
  );
  const lines = [
    `#${id} ${action.replaceAll("_", " ")} ${formatAge(decision.decidedAtMs)}: ${state}`,
    `  clause     ${clause}${evidence.line > 0 ? ` (line ${evidence.line})` : ""}: ${evidence.says}`,
    ...conditions.map((text) => `  signals    ${text}`),
    ...(evidence.finding.message ? [`  error      ${evidence.finding.message}`] : []),
    ...(alsoBroken.length > 0 ? [`  also       ${alsoBroken.join(", ")}`] : []),
    ...(decision.deployment ? [`  deployment ${decision.deployment} (v${decision.release})`] : []),
    ...(outcome?.version === undefined
      ? []
      : [
          `  outcome    v${outcome.version}: ${outcome.deployment}${outcome.answered ? " answers" : " was not seen to answer"}`,
        ]),
    ...(outcome?.note ? [`  outcome    ${outcome.note}`] : []),
    ...(outcome?.error ? [`  error      ${outcome.error.message}`] : []),
    `  times      ${times(decision)}`,
  ];
  return verbose ? `${lines.join("\n")}\n${secondsTable(decision)}` : lines.join("\n");
}

/** From the end of the second that completed the breach. */
function times({ signalsAtMs, decidedAtMs, actedAtMs, endedAtMs }: RunbookDecision): string {
  const since = (ms: number) => formatDuration(Math.max(0, ms - signalsAtMs - 1_000));
  const parts = [
    new Date(signalsAtMs).toISOString(),
    `decided after ${since(decidedAtMs)}`,
    ...(actedAtMs === undefined ? [] : [`begun after ${since(actedAtMs)}`]),
    ...(endedAtMs === undefined ? [] : [`over after ${since(endedAtMs)}`]),
  ];
  return parts.join(", ");
}

/** From the first second that anything is known of. */
const secondsTable = ({ evidence: { seconds } }: RunbookDecision): string =>
  formatTable(
    ["second", "value", "samples"],
    seconds
      .slice(
        Math.max(
          0,
          seconds.findIndex(({ value }) => value !== undefined),
        ),
      )
      .map(({ atMs, value, samples }) => [
        new Date(atMs).toISOString().slice(11, 19),
        value === undefined ? "unknown" : String(Math.round(value * 1_000) / 1_000),
        samples === undefined ? "" : String(samples),
      ]),
  );

const percent = (value: number): string =>
  value <= 1 ? `${Math.round(value * 1_000) / 10} %` : String(Math.round(value * 100) / 100);
