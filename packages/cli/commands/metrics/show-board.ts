import type { GaugePoint, PercentilesPoint, SignalAnswer, SignalPoint } from "@evenkeel/model";
import { formatValue } from "../../output/chart/format-value.ts";
import { sparkline } from "../../output/chart/sparkline.ts";
import { markLine, timeAxis } from "../../output/chart/time-axis.ts";
import { describeRefusals } from "./describe-refusals.ts";
import { formatTime } from "./format-time.ts";
import { type MetricsView, nothingMeasured, releaseMarks, stepFor, terminalWidth } from "./metrics-view.ts";

type Values = (number | null)[];

interface Row {
  name: string;
  unit: string;
  values: Values;
  /** The whole time in one number. */
  now: number | null;
}

const shares = "0.5,0.95,0.99";
const nameWidth = 16;
const valueWidth = 13;

/** Signals of the board, in its order, with how each becomes lines. */
const board: { signal: string; rows: (answer: SignalAnswer, rest: Answers) => Row[] }[] = [
  { signal: "requests", rows: (answer) => [rate("requests", answer)] },
  { signal: "errors", rows: (answer, rest) => [ratio("errors", answer, rest.get("requests"))] },
  { signal: "client_errors", rows: (answer, rest) => [ratio("client errors", answer, rest.get("requests"))] },
  { signal: "latency", rows: percentileRows },
  { signal: "in_flight", rows: (answer) => [gauge("in flight", answer)] },
  { signal: "prerender_hits", rows: (answer, rest) => hitRate(answer, rest.get("prerender_misses")) },
  { signal: "prerender_misses", rows: () => [] },
  { signal: "cold_starts", rows: (answer) => [total("cold starts", answer)] },
  { signal: "instances", rows: (answer) => [gauge("instances", answer)] },
  { signal: "instance_cpu", rows: (answer) => [gauge("cpu", answer)] },
  { signal: "instance_memory", rows: (answer) => [gauge("memory", answer)] },
  { signal: "instance_restarts", rows: (answer) => [total("restarts", answer)] },
  { signal: "database_connections", rows: (answer) => [gauge("db connections", answer)] },
  { signal: "database_size", rows: (answer) => [gauge("db size", answer)] },
  { signal: "slow_queries", rows: (answer) => [total("slow queries", answer)] },
  { signal: "archive_lag", rows: (answer) => [gauge("archive lag", answer)] },
  { signal: "schedule_failures", rows: (answer) => [total("failed runs", answer)] },
  { signal: "log_lines", rows: (answer) => [rate("log lines", answer)] },
  { signal: "log_lines_dropped", rows: (answer) => [total("lines dropped", answer)] },
  { signal: "telemetry_refused", rows: (answer) => [total("otlp refused", answer)] },
  { signal: "signals_dropped", rows: (answer) => [total("signals dropped", answer)] },
];

type Answers = ReadonlyMap<string, SignalAnswer>;

/** Everything that was measured of an app, a line each. */
export async function showBoard(view: MetricsView): Promise<void> {
  const width = Math.max(20, terminalWidth() - nameWidth - valueWidth - 1);
  const stepMs = stepFor(view, width);
  const answers = await ask(view, stepMs);
  if (view.json) return console.log(JSON.stringify(Object.fromEntries(answers)));
  const measured = [...answers.values()].filter(hasPoint);
  if (measured.length === 0) return console.log(nothingMeasured(view));
  const { fromMs, stepMs: told } = measured[0]!;
  const toMs = fromMs + told * measured[0]!.series[0]!.points.length;
  const of = view.deployment ? `${view.app} · deployment ${view.deployment}` : view.app;
  console.log(`${of} · ${view.environment} · last ${view.since}, a column is ${formatTime(told)}\n`);
  for (const { signal, rows } of board) {
    const answer = answers.get(signal);
    if (!answer || !hasPoint(answer)) continue;
    for (const row of rows(answer, answers)) console.log(line(row));
  }
  const indent = " ".repeat(nameWidth + valueWidth);
  const columns = measured[0]!.series[0]!.points.length;
  const marks = markLine(await releaseMarks(view), fromMs, toMs, columns);
  if (marks !== "") console.log(`${"releases".padEnd(nameWidth + valueWidth)}${marks}`);
  console.log(`${indent}${timeAxis(fromMs, toMs, columns)}`);
  const refusals = await describeRefusals(view);
  if (refusals !== "") console.log(`\n${refusals}`);
}

/** Only what is measured of the app at all is asked for. */
async function ask(view: MetricsView, stepMs: number): Promise<Map<string, SignalAnswer>> {
  const { client, app, environment, deployment, sinceMs, untilMs } = view;
  const { signals } = await client.listSignals({ app, environment });
  const known = new Map(signals.map((signal) => [signal.signal, signal]));
  const wanted = board.map(({ signal }) => signal).filter((signal) => known.has(signal));
  const answers = await Promise.all(
    wanted.map((signal) =>
      client.querySignal({
        ...{ app, environment, signal, sinceMs, untilMs, stepMs, deployment },
        ...(known.get(signal)!.kind === "histogram" && { percentiles: shares }),
      }),
    ),
  );
  return new Map(answers.map((answer) => [answer.signal, answer]));
}

const hasPoint = ({ series, kind }: SignalAnswer): boolean =>
  series.some(({ points }) =>
    points.some((point) => point !== null && (kind !== "histogram" || (point as PercentilesPoint).count > 0)),
  );

const pointsOf = ({ series }: SignalAnswer): (SignalPoint | null)[] => series[0]?.points ?? [];

const sum = (values: Values): number => values.reduce<number>((total, value) => total + (value ?? 0), 0);

const last = (values: Values): number | null => values.findLast((value) => value !== null) ?? null;

function rate(name: string, answer: SignalAnswer): Row {
  const { fromMs, stepMs } = answer;
  const values = pointsOf(answer).map((point, index) => {
    // The last step is not over.
    const beganMs = fromMs + index * stepMs;
    return point === null
      ? null
      : (point as number) / (Math.min(stepMs, Math.max(1_000, Date.now() - beganMs)) / 1_000);
  });
  const known = values.filter((value) => value !== null);
  return {
    name,
    unit: `${answer.unit}/s`,
    values,
    now: known.length === 0 ? null : sum(known) / known.length,
  };
}

function total(name: string, answer: SignalAnswer): Row {
  const values = pointsOf(answer) as Values;
  return { name, unit: answer.unit, values, now: sum(values) };
}

function ratio(name: string, part: SignalAnswer, whole: SignalAnswer | undefined): Row {
  const parts = pointsOf(part) as Values;
  const wholes = whole ? (pointsOf(whole) as Values) : [];
  const values = parts.map((value, index) => share(value, wholes[index] ?? null));
  return { name, unit: "share", values, now: share(sum(parts), sum(wholes)) };
}

const share = (part: number | null, whole: number | null): number | null =>
  part === null || whole === null ? null : whole === 0 ? 0 : part / whole;

function hitRate(hits: SignalAnswer, misses: SignalAnswer | undefined): Row[] {
  const missed = misses ? (pointsOf(misses) as Values) : [];
  const wholes = (pointsOf(hits) as Values).map((value, index) =>
    value === null ? null : value + (missed[index] ?? 0),
  );
  const whole = { ...hits, series: [{ points: wholes }] };
  return [ratio("prerender hits", hits, whole)];
}

function percentileRows(answer: SignalAnswer): Row[] {
  const points = pointsOf(answer) as (PercentilesPoint | null)[];
  return ["p50", "p95", "p99"].map((name, index) => {
    const values = points.map((point) => point?.percentiles[index] ?? null);
    return { name: `latency ${name}`, unit: answer.unit, values, now: last(values) };
  });
}

function gauge(name: string, answer: SignalAnswer): Row {
  const values = (pointsOf(answer) as (GaugePoint | null)[]).map((point) => point?.mean ?? null);
  return { name, unit: answer.unit, values, now: last(values) };
}

function line({ name, unit, values, now }: Row): string {
  const value = now === null ? "–" : formatValue(now, unit);
  return `${name.padEnd(nameWidth)}${value.padEnd(valueWidth)}${sparkline(values)}`;
}
