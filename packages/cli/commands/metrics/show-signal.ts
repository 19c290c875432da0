import type { GaugePoint, PercentilesPoint, SignalAnswer, SignalSeries } from "@evenkeel/model";
import { brailleChart, chartColumns } from "../../output/chart/braille-chart.ts";
import { formatValue } from "../../output/chart/format-value.ts";
import { markLine, timeAxis } from "../../output/chart/time-axis.ts";
import { formatTime } from "./format-time.ts";
import { type MetricsView, nothingMeasured, releaseMarks, stepFor, terminalWidth } from "./metrics-view.ts";

const labelWidth = 11;
const chartHeight = 10;
/** Beyond, lines cannot be told apart. */
const mostLines = 6;
const colours = ["36", "33", "35", "32", "34", "31"];

interface Line {
  name: string;
  values: (number | null)[];
}

/** One signal as a large chart. Returns the API's answer, for `--json`. */
export async function showSignal(view: MetricsView, signal: string): Promise<SignalAnswer> {
  const { client, app, environment, deployment, by, sinceMs, untilMs } = view;
  const width = Math.max(20, terminalWidth() - labelWidth - 2);
  const stepMs = stepFor(view, chartColumns({ width }));
  const answer = await client.querySignal({
    ...{ app, environment, signal, deployment, by, sinceMs, untilMs, stepMs, percentiles: "0.5,0.95,0.99" },
  });
  if (view.json) return answer;
  const lines = linesOf(answer, by).slice(0, mostLines);
  const values = lines.flatMap((line) => line.values.filter((value) => value !== null));
  if (values.length === 0) {
    console.log(nothingMeasured(view, `No "${signal}"`));
    return answer;
  }
  const unit = unitOf(answer);
  const greatest = Math.max(...values);
  const of = deployment ? `${app} · deployment ${deployment}` : app;
  console.log(
    `${signal} of ${of} · ${environment} · last ${view.since}, a dot is ${formatTime(answer.stepMs)}\n`,
  );
  const size = { width, height: chartHeight };
  const rows = brailleChart(
    lines.map((line) => line.values),
    greatest,
    size,
  );
  for (const [index, row] of rows.entries()) {
    const label =
      index === 0 ? formatValue(greatest, unit) : index === chartHeight - 1 ? formatValue(0, unit) : "";
    const text = row.map(({ text, owner }) => (owner === -1 ? text : paint(owner, text))).join("");
    console.log(`${label.padStart(labelWidth)} │${text}`.trimEnd());
  }
  const toMs = answer.fromMs + chartColumns(size) * answer.stepMs;
  const marks = markLine(await releaseMarks(view), answer.fromMs, toMs, width);
  console.log(`${" ".repeat(labelWidth)} └${"─".repeat(width)}`);
  if (marks !== "") console.log(`${" ".repeat(labelWidth + 2)}${marks}`);
  console.log(`${" ".repeat(labelWidth + 2)}${timeAxis(answer.fromMs, toMs, width)}\n`);
  for (const [index, line] of lines.entries()) console.log(legend(line, index, unit));
  return answer;
}

const unitOf = ({ kind, unit }: SignalAnswer): string => (kind === "count" ? `${unit}/s` : unit);

function linesOf(answer: SignalAnswer, by: MetricsView["by"]): Line[] {
  return answer.series.flatMap((series) => {
    const name = by === undefined ? "" : (series[by] ?? "") || "(all)";
    return seriesLines(answer, series, name);
  });
}

function seriesLines({ kind, stepMs }: SignalAnswer, { points }: SignalSeries, name: string): Line[] {
  if (kind === "count") {
    const values = points.map((point) => (point === null ? null : (point as number) / (stepMs / 1_000)));
    return [{ name: name || "per second", values }];
  }
  if (kind === "gauge") {
    return [
      { name: name || "mean", values: points.map((point) => (point as GaugePoint | null)?.mean ?? null) },
    ];
  }
  return ["p99", "p95", "p50"].map((share, index) => ({
    name: `${name} ${share}`.trim(),
    values: points.map((point) => (point as PercentilesPoint | null)?.percentiles[2 - index] ?? null),
  }));
}

function legend({ name, values }: Line, index: number, unit: string): string {
  const known = values.filter((value) => value !== null);
  const mean = known.reduce((sum, value) => sum + value, 0) / known.length;
  const newest = known.at(-1);
  const tell = (value: number | undefined) =>
    value === undefined || Number.isNaN(value) ? "–" : formatValue(value, unit);
  return `${paint(index, "●")} ${name.padEnd(14)} newest ${tell(newest)}, mean of steps ${tell(mean)}, greatest ${tell(known.length === 0 ? undefined : Math.max(...known))}`;
}

function paint(owner: number, text: string): string {
  const isPlain = !process.stdout.isTTY || process.env["NO_COLOR"] !== undefined;
  return isPlain ? text : `\u001b[${colours[owner % colours.length]}m${text}\u001b[0m`;
}
