import type { Trace } from "@evenkeel/control";
import { parseAppName, parseDurationMs } from "@evenkeel/model";
import type { Command } from "commander";
import { formatAge, formatTable } from "../../output/table.ts";
import { withControl } from "../../platform/control.ts";
import { deployableEnvironments, readEnvironment } from "../../platform/environment-option.ts";
import { wholeNumber } from "../up.ts";
import { drawWaterfall, formatMs } from "./waterfall.ts";

/** What `--slow` takes without a value. */
const slowMs = 1_000;

export function registerTraces(program: Command): void {
  program
    .command("traces")
    .summary("list traced requests of an app")
    .description(
      "Lists traces, newest first. Of each site up to ten requests a second are traced at each edge, and those that fail or whose answer begins after a second.",
    )
    .argument("<app>", "name of the app")
    .option("--env <environment>", "production, staging or preview", "production")
    .option("--slow [duration]", "only those of 1s, or so long, and more; the slowest first")
    .option("--errors", "only those with an error")
    .option("--since <duration>", "only of the last 10min, 2h, 1d, ...")
    .option("--limit <count>", "at most so many", "20")
    .option("--json", "print as JSON")
    .addHelpText(
      "after",
      "\nExamples:\n  evenkeel traces shop --errors\n  evenkeel traces shop --slow 300ms --since 1h",
    )
    .action(async (app: string, options: TracesOptions) => {
      const { slow, since } = options;
      const { traces } = await withControl((client) =>
        client.listTraces({
          app: parseAppName(app),
          environment: readEnvironment(options.env, deployableEnvironments, "environment with traces"),
          limit: wholeNumber("--limit", options.limit, 1, 500),
          ...(since === undefined ? {} : { sinceMs: Date.now() - parseDurationMs(since) }),
          ...(slow === undefined ? {} : { minDurationMs: slow === true ? slowMs : parseDurationMs(slow) }),
          ...(options.errors ? { errors: "true" as const } : {}),
        }),
      );
      if (options.json) return void console.log(JSON.stringify(traces));
      if (traces.length === 0) return void console.log(`${app} has no such traces in ${options.env}.`);
      console.log(
        formatTable(
          ["trace", "when", "took", "spans", "errors", "deployment", "request"],
          traces.map((trace) => [
            ...[trace.traceId, formatAge(trace.startMs), formatMs(trace.durationMs)],
            ...[String(trace.spanCount), trace.errorCount === 0 ? "" : String(trace.errorCount)],
            ...[trace.deployment ?? "", trace.name],
          ]),
        ),
      );
    });
  program
    .command("trace")
    .summary("show where a request's time went")
    .description(
      "Draws the waterfall of a trace: what the edge, the function and the app itself did, and for how long.",
    )
    .argument("<id>", "of the trace, or of the request (its answer's x-vercel-id)")
    .option("--json", "print as JSON")
    .addHelpText(
      "after",
      "\nA line that begins with ! failed; one with ~ was made by a clock that was off, and stands where it must have been.\n\nExample:\n  evenkeel trace 0af7651916cd43dd8448eb211c80319c",
    )
    .action(async (id: string, { json }: { json?: boolean }) => {
      const trace = await withControl((client) => client.getTrace({ trace: id }));
      console.log(json ? JSON.stringify(trace) : describe(trace));
    });
}

interface TracesOptions {
  env: string;
  slow?: string | true;
  errors?: boolean;
  since?: string;
  limit: string;
  json?: boolean;
}

function describe(trace: Trace): string {
  const { app, environment, deployment, startMs, durationMs, spanCount, errorCount } = trace;
  const errors = errorCount === 0 ? "" : `, ${errorCount} with errors`;
  const at = new Date(startMs).toISOString();
  return `${trace.traceId}  ${app} ${environment}${deployment === null ? "" : ` ${deployment}`}
${at}, ${formatMs(durationMs)}, ${spanCount} spans${errors}

${drawWaterfall(trace)}${failures(trace)}`;
}

function failures({ roots }: Trace): string {
  const messages: string[] = [];
  const waiting = [...roots];
  for (let node = waiting.shift(); node; node = waiting.shift()) {
    const { status, service, name, message } = node.span;
    if (status === "error" && message) messages.push(`! ${service} · ${name}: ${message}`);
    waiting.push(...node.children);
  }
  return messages.length === 0
    ? ""
    : `\n\n${messages.join("\n").replace(/[\x00-\x09\x0b-\x1f\x7f-\x9f]/g, "\ufffd")}`;
}
