import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { Histogram, homeLayout, ownPathPrefix, type SignalQuery } from "@evenkeel/model";
import { SignalsClient } from "@evenkeel/signals/client/signals-client";
import { encodeChunk, mergePoints, type Points } from "@evenkeel/signals/points/chunk";
import { floorTo, hours, minutes } from "@evenkeel/signals/store/levels";
import { SignalDatabase } from "@evenkeel/signals/store/signal-database";
import type { Bench, Program } from "../bench.ts";
import { loadInTurns } from "../load/load-in-turns.ts";
import type { Target } from "../load/wrk.ts";
import { pinTree } from "../machine/cores.ts";
import { startProcess } from "../machine/owned-process.ts";
import { requireAnswer, startPeer } from "../peers/peer.ts";
import { BenchPlatform } from "../platform/bench-platform.ts";
import { writePrebuiltApp } from "../platform/prebuilt-app.ts";
import { type Figure, formatCount } from "../report/figure.ts";
import { repository } from "../repository.ts";
import { median, ratios } from "../statistics.ts";

const content = `${"Evenkeel serves this file. ".repeat(38).slice(0, 1_023)}\n`;
const app = "measured";
const day = 86_400_000;
const historyDays = 30;
const valuesOfDistribution = 200_000;
const shares = [0.5, 0.9, 0.95, 0.99, 0.999];

export const signals: Program = {
  name: "signals",
  title: "Signals",
  tools: ["wrk", "taskset"],
  conditions: `Throughput: a static file of 1 KB, the fastest answer there is, from two edge processes of one platform, started alike but that one counts
nothing (\`EVENKEEL_MEASURING=off\`), both with all their threads bound to one core, loaded in turn by wrk (one thread, 64 kept connections) on another
core; the process of signals runs, writes what comes and is bound to nothing. Percentiles: ${formatCount(valuesOfDistribution)} values of each of five
distributions, recorded in parts and merged, against the exact nearest rank. Query: p50, p95 and p99 by the hour over ${historyDays} days that are
kept by the minute, of one series, asked over the socket of a process that holds nothing else in memory.`,

  async run(bench: Bench): Promise<Figure[]> {
    const throughput = await measureThroughput(bench);
    const error = measureError(bench);
    return [throughput, error, ...(await measureQueries(bench))];
  },
};

async function measureThroughput(bench: Bench): Promise<Figure> {
  const platform = await BenchPlatform.start(bench, 1);
  const source = bench.makeFolder("signals-app");
  writePrebuiltApp(source, { files: { "file.txt": content } });
  await platform.deployPrebuilt(source, app);
  const edge = (name: string, measuring: "on" | "off") =>
    startPeer(bench, {
      ...{ name, path: `${ownPathPrefix}edge` },
      command: (_folder, port) => [
        ...["env", `EVENKEEL_HOME=${platform.layout.home}`, `EVENKEEL_EDGE_NAME=edge-bench-${measuring}`],
        ...["EVENKEEL_ADDRESS=127.0.0.1", "EVENKEEL_DOMAIN=localhost", `EVENKEEL_PORT=${port}`],
        ...[`EVENKEEL_MEASURING=${measuring}`, process.execPath, join(repository, "packages/edge/main.ts")],
      ],
    });
  const host = platform.authority(app);
  const at = { host, path: "/file.txt" };
  const ours = { ...(await edge("all signals on", "on")), ...at };
  const theirs = { ...(await edge("signals off", "off")), ...at };
  for (const target of [ours, theirs]) await untilServed(target);
  const rates = await loadInTurns(bench, [ours, theirs]);
  const samples = ratios(rates.get(ours)!, rates.get(theirs)!);
  return {
    id: "signals-throughput",
    what: "edge throughput with all signals on",
    goal: { kind: "ratio", least: 0.95, peer: "the same edge without signals" },
    value: median(samples),
    measured: `${formatCount(median(rates.get(ours)!))} req/s; without signals ${formatCount(median(rates.get(theirs)!))}`,
    samples,
  };
}

/** An edge answers for itself before it has heard what to serve. */
async function untilServed(target: Target): Promise<void> {
  const limitMs = Date.now() + 10_000;
  for (;;) {
    try {
      await requireAnswer(target, (answer) => answer.text() === content);
      return;
    } catch (error) {
      if (Date.now() >= limitMs) throw error;
      await Bun.sleep(50);
    }
  }
}

const distributions: (() => number)[] = [
  () => Math.random() * 1_000,
  () => -Math.log(1 - Math.random()) * 12,
  () => Math.exp(3 + 1.5 * normal()),
  () => 0.4 / (1 - Math.random()) ** (1 / 1.1),
  () => Math.abs(Math.random() < 0.93 ? 4 + normal() * 0.3 : 900 + normal() * 200),
];

const normal = (): number =>
  Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());

function measureError(bench: Bench): Figure {
  bench.step("Comparing percentiles with exact ones");
  const samples: number[] = [];
  for (const draw of distributions) {
    const values = Float64Array.from({ length: valuesOfDistribution }, draw);
    const merged = new Histogram();
    for (let start = 0; start < values.length; start += 1_000) {
      merged.merge(Histogram.of(values.subarray(start, start + 1_000)));
    }
    values.sort();
    for (const share of shares) {
      const exact = values[Math.ceil(share * values.length) - 1]!;
      samples.push((100 * Math.abs(merged.percentile(share)! - exact)) / exact);
    }
  }
  const worst = Math.max(...samples);
  return {
    id: "signals-percentiles",
    what: "error of merged percentiles",
    goal: { kind: "limit", most: 1, unit: "%", statistic: "worst" },
    value: worst,
    measured: `${worst.toFixed(2)} % (median ${median(samples).toFixed(2)} %)`,
    samples,
  };
}

async function measureQueries(bench: Bench): Promise<Figure[]> {
  const layout = homeLayout(bench.makeFolder("signals-home"));
  mkdirSync(layout.run);
  bench.step(`Writing ${historyDays} days of minutes`);
  const toMs = floorTo(Date.now(), day);
  writeHistory(join(layout.signals, "signals.sqlite"), toMs);
  const logPath = join(layout.home, "signals.log");
  const owned = startProcess(
    bench,
    "signals",
    [process.execPath, join(repository, "packages/signals/main.ts")],
    {
      environment: { EVENKEEL_HOME: layout.home },
      logPath,
    },
  );
  pinTree(owned.pid, bench.cores.server);
  const client = new SignalsClient(layout.signalsSocket);
  bench.resources.defer(() => client.stop());
  const month: SignalQuery = {
    ...{ app: "shop", environment: "production", signal: "latency", percentiles: [0.5, 0.95, 0.99] },
    ...{ fromMs: toMs - historyDays * day, toMs, stepMs: 3_600_000 },
  };
  const byHour = await timeQuery(bench, client, month);
  const lastDay = await timeQuery(bench, client, { ...month, fromMs: toMs - day, stepMs: 60_000 });
  const figure = (id: string, what: string, samples: number[], most: number): Figure => ({
    ...{ id, what, samples, value: median(samples) },
    goal: { kind: "limit", most, unit: "ms", statistic: "p50" },
    measured: `${median(samples).toFixed(1)} ms (slowest ${Math.max(...samples).toFixed(1)} ms)`,
  });
  return [
    figure("signals-query-month", "percentiles of 30 days by the hour", byHour, 250),
    figure("signals-query-day", "percentiles of a day by the minute", lastDay, 250),
  ];
}

/** Minutes of a busy series, and their hours, as folding leaves them. */
function writeHistory(path: string, toMs: number): void {
  const database = new SignalDatabase(path, 1024 ** 3);
  database.transaction(() => {
    const name = { app: "shop", environment: "production", signal: "latency", deployment: "d1" } as const;
    const series = database.touchSeries(name, "histogram", toMs);
    for (let dayMs = toMs - historyDays * day; dayMs < toMs; dayMs += day) {
      const ofDay: Points = [];
      for (let hourMs = dayMs; hourMs < dayMs + day; hourMs += minutes.spanMs) {
        const ofHour: Points = Array.from({ length: 60 }, () =>
          Histogram.of(Array.from({ length: 300 }, () => Math.exp(3 + normal()))),
        );
        database.putChunk(minutes, series, hourMs, encodeChunk("histogram", ofHour));
        ofDay.push(mergePoints("histogram", ofHour));
      }
      database.putChunk(hours, series, dayMs, encodeChunk("histogram", ofDay));
    }
  });
  database.close();
}

async function timeQuery(bench: Bench, client: SignalsClient, query: SignalQuery): Promise<number[]> {
  bench.step("Asking for percentiles");
  await client.query(query);
  const samples: number[] = [];
  for (let round = 0; round < 5 * bench.rounds; round++) {
    const beganMs = performance.now();
    await client.query(query);
    samples.push(performance.now() - beganMs);
  }
  return samples;
}
