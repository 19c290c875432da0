import { parseAppName, parseDurationMs } from "@evenkeel/model";
import type { Command } from "commander";
import { UsageError } from "../../errors.ts";
import { withControl } from "../../platform/control.ts";
import { deploymentOf } from "../../platform/deployment-of.ts";
import { allEnvironments, readEnvironment } from "../../platform/environment-option.ts";
import { listKnown } from "./list-known.ts";
import type { MetricsView } from "./metrics-view.ts";
import { showBoard } from "./show-board.ts";
import { showSignal } from "./show-signal.ts";

interface MetricsOptions {
  signal?: string[];
  since: string;
  deployment?: string;
  env: string;
  by?: string;
  list?: boolean;
  json?: boolean;
}

const longestMs = 365 * 86_400_000;

export function registerMetrics(program: Command): void {
  program
    .command("metrics")
    .summary("what was measured of an app, as charts")
    .description(
      "Shows requests, errors, latency and what else was measured of an app. Seconds are kept for an hour, minutes for 30 days, hours for a year. A dot in a chart means that nobody measured then, which is not zero.",
    )
    .argument("<app>", "name of the app")
    .option("--signal <name...>", "only this one, as a large chart; may be given several times")
    .option("--since <duration>", "how far back: 10min, 6h, 30d, ...", "1h")
    .option("--deployment <id>", "only of this deployment")
    .option("--env <environment>", "production, staging, preview or development", "production")
    .option(
      "--by <part>",
      "with --signal: one line for each `deployment`, or `detail` (instance, error class, schedule, ...)",
    )
    .option("--list", "list what is measured of the app")
    .option("--json", "print as JSON")
    .addHelpText(
      "after",
      "\nExamples:\n  evenkeel metrics shop\n  evenkeel metrics shop --signal latency --since 6h\n  evenkeel metrics shop --signal errors --by detail\n  evenkeel metrics shop --list",
    )
    .action(metrics);
}

async function metrics(name: string, options: MetricsOptions): Promise<void> {
  const app = parseAppName(name);
  const environment = readEnvironment(options.env, allEnvironments, "environment");
  const spanMs = parseDurationMs(options.since);
  if (spanMs < 10_000 || spanMs > longestMs) {
    throw new UsageError(`--since "${options.since}" is not between 10 s and a year`);
  }
  const by = readBy(options);
  await withControl(async (client) => {
    if (options.list) return listKnown(client, app, environment, options.json ?? false);
    const deployment =
      options.deployment === undefined ? undefined : await deploymentOf(client, app, options.deployment);
    const untilMs = Date.now();
    const view: MetricsView = {
      ...{ client, app, environment, deployment, by, since: options.since },
      ...{ sinceMs: untilMs - spanMs, untilMs, json: options.json ?? false },
    };
    if (!options.signal) return showBoard(view);
    const shown = [];
    for (const signal of options.signal) shown.push(await showSignal(view, signal));
    if (view.json) console.log(JSON.stringify(shown));
  });
}

function readBy({ by, signal }: MetricsOptions): MetricsView["by"] {
  if (by === undefined) return undefined;
  if (!signal)
    throw new UsageError("--by needs --signal", {
      hint: "evenkeel metrics shop --signal errors --by detail",
    });
  if (by === "deployment" || by === "detail") return by;
  throw new UsageError(`--by "${by}" is no part of a signal`, { hint: "Use deployment or detail." });
}
