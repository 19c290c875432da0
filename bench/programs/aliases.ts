import { join } from "node:path";
import type { Bench, Program } from "../bench.ts";
import { compareRates, loadInTurns } from "../load/load-in-turns.ts";
import type { Target } from "../load/wrk.ts";
import { requireAnswer } from "../peers/peer.ts";
import { BenchPlatform } from "../platform/bench-platform.ts";
import { writePrebuiltApp } from "../platform/prebuilt-app.ts";
import type { Figure } from "../report/figure.ts";

const few = 10;
const many = 1_000;
/** What two runs of the same thing differ by on a quiet machine; less would only measure chance. */
const leastRatio = 0.97;
const content = "x".repeat(1_024);
const script = join(import.meta.dir, "../load/rotate-hosts.lua");

export const aliases: Program = {
  name: "aliases",
  title: "Many aliases",
  tools: ["wrk", "taskset"],
  conditions: `Two platforms, one with ${few} and one with ${many} custom domains on an app with a 1 KB file. One edge process each, bound to the same
core and loaded in turn by wrk on another core (one thread, 64 kept connections), which asks all of the platform's domains one after
another on every connection.`,

  async run(bench: Bench): Promise<Figure[]> {
    const theirs = await startTarget(bench, few);
    const ours = await startTarget(bench, many);
    const rates = await loadInTurns(bench, [ours, theirs]);
    const goal = { id: "aliases", what: `static 1 KB file with ${many} aliases`, least: leastRatio };
    return [compareRates(rates, { ours, theirs }, goal)];
  },
};

async function startTarget(bench: Bench, count: number): Promise<Target> {
  const platform = await BenchPlatform.start(bench, 1);
  const source = bench.makeFolder("app");
  writePrebuiltApp(source, { files: { "file.txt": content } });
  await platform.deployPrebuilt(source, "files");
  bench.step(`Adding ${count} domains`);
  for (let number = 1; number <= count; number++) {
    await platform.control.addDomain({ app: "files", host: `host-${number}.example.test` });
  }
  await platform.pinEdges(bench.cores.server);
  const target = { name: `${count} aliases`, port: platform.port, path: "/file.txt" };
  for (const number of [1, count]) {
    await requireAnswer(
      { ...target, host: `host-${number}.example.test` },
      (answer) => answer.text() === content,
    );
  }
  return {
    ...target,
    script: { path: script, arguments: [String(count), String(platform.port), target.path] },
  };
}
