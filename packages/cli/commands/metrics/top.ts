import type { ControlClient } from "@evenkeel/control";
import {
  formatSize,
  parseDurationMs,
  platformApp,
  type SignalOverview,
  type SignalOverviewRow,
} from "@evenkeel/model";
import type { Command } from "commander";
import { UsageError } from "../../errors.ts";
import { formatValue } from "../../output/chart/format-value.ts";
import { formatTable } from "../../output/table.ts";
import { connect, withControl } from "../../platform/control.ts";

interface TopOptions {
  window: string;
  json?: boolean;
}

const refreshMs = 1_000;
const enterScreen = "\u001b[?1049h\u001b[?25l";
const leaveScreen = "\u001b[?25h\u001b[?1049l";
const home = "\u001b[H";
const clearLine = "\u001b[K";
const clearBelow = "\u001b[J";

export function registerTop(program: Command): void {
  program
    .command("top")
    .summary("what all apps do at this moment")
    .description(
      "Shows load, errors, latency and resources of all apps, the busiest first, again each second. q ends it.",
    )
    .option("--window <duration>", "of how much time the figures are, 1s to 10min", "10s")
    .option("--json", "print once, as JSON")
    .addHelpText("after", "\nExamples:\n  evenkeel top\n  evenkeel top --window 1min\n  evenkeel top --json")
    .action(top);
}

async function top(options: TopOptions): Promise<void> {
  const windowMs = parseDurationMs(options.window);
  if (windowMs < 1_000 || windowMs > 600_000) {
    throw new UsageError(`--window "${options.window}" is not between 1 s and 10 min`);
  }
  const first = await withControl((client) => client.overviewSignals({ windowMs }));
  if (options.json) return console.log(JSON.stringify(first));
  if (!process.stdout.isTTY || !process.stdin.isTTY) return console.log(describe(first).join("\n"));
  await follow(connect(), windowMs, first);
}

/** Draws until q or Ctrl-C, and leaves the terminal as it was. */
async function follow(client: ControlClient, windowMs: number, first: SignalOverview): Promise<void> {
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();
  const onKey = (bytes: Buffer) => {
    if (/[qQ\u0003\u0004]/.test(bytes.toString())) end();
  };
  process.stdin.setRawMode(true);
  process.stdin.on("data", onKey).resume();
  for (const signal of ["SIGTERM", "SIGHUP"] as const) process.once(signal, end);
  process.stdout.write(enterScreen);
  let isOver = false;
  void ended.then(() => {
    isOver = true;
  });
  try {
    let lines = describe(first);
    while (!isOver) {
      draw(lines);
      await Promise.race([ended, Bun.sleep(refreshMs)]);
      if (isOver) break;
      lines = await client
        .overviewSignals({ windowMs })
        .then(describe, (error: Error) => [
          `evenkeel top · ${error.message}`,
          "It goes on by itself once there is an answer again; q ends it.",
        ]);
    }
  } finally {
    process.stdout.write(leaveScreen);
    process.stdin.setRawMode(false);
    process.stdin.off("data", onKey).pause();
  }
}

function draw(lines: string[]): void {
  const { rows = 24, columns = 80 } = process.stdout;
  const shown = [...lines.slice(0, rows - 2), "", "q ends"].map((line) => cut(line, columns) + clearLine);
  process.stdout.write(`${home}${shown.join("\r\n")}${clearBelow}`);
}

const cut = (line: string, columns: number): string =>
  Bun.stringWidth(line) <= columns ? line : `${line.slice(0, columns - 1)}…`;

function describe(overview: SignalOverview): string[] {
  const { atMs, windowMs, live, diskFault } = overview;
  const platform = overview.rows.find(({ app }) => app === platformApp);
  const apps = overview.rows.filter(({ app }) => app !== platformApp).sort((a, b) => load(b) - load(a));
  const used = platform?.gauges["disk_used"];
  const size = platform?.gauges["disk_size"];
  const disk =
    used === undefined || size === undefined ? "" : ` · disk ${formatSize(used)} of ${formatSize(size)}`;
  const time = new Date(atMs).toTimeString().slice(0, 8);
  const lines = [`evenkeel top · ${time} · last ${windowMs / 1_000} s${disk}`];
  if (diskFault)
    lines.push(`Signals are kept in memory only, since the disk does not take them: ${diskFault}`);
  const silent = (["edge", "host"] as const).filter((origin) => !live.includes(origin));
  if (silent.length > 0) lines.push(`Nothing is heard of: ${silent.join(", ")} (evenkeel status)`);
  if (apps.length === 0) {
    return [
      ...lines,
      "",
      "Nothing was asked of any app in this time. Ask one, or deploy one: evenkeel deploy path/to/app --prod",
    ];
  }
  const heading = [
    "app",
    "env",
    "req/s",
    "errors",
    "p50",
    "p95",
    "p99",
    "in flight",
    "cpu",
    "memory",
    "inst",
    "db conn",
  ];
  const table = formatTable(
    heading,
    apps.map((row) => cells(row, windowMs)),
  );
  return [...lines, "", ...table.split("\n")];
}

const load = ({ counts, gauges }: SignalOverviewRow): number =>
  (counts["requests"] ?? 0) + (gauges["instance_cpu"] ?? 0);

function cells(
  { app, environment, counts, gauges, histograms }: SignalOverviewRow,
  windowMs: number,
): string[] {
  const requests = counts["requests"] ?? 0;
  const gauge = (name: string, unit: string) => {
    const value = gauges[name];
    return value === undefined ? "–" : formatValue(value, unit);
  };
  const latency = [0, 1, 2].map((index) => {
    const value = histograms["latency"]?.percentiles[index];
    return value === undefined ? "–" : formatValue(value, "ms");
  });
  return [
    ...[app, environment, formatValue(requests / (windowMs / 1_000), "")],
    requests === 0 ? "–" : formatValue((counts["errors"] ?? 0) / requests, "share"),
    ...latency,
    ...[gauge("in_flight", ""), gauge("instance_cpu", ""), gauge("instance_memory", "bytes")],
    ...[gauge("instances", ""), gauge("database_connections", "")],
  ];
}
