import type { Bench, Program } from "../bench.ts";
import { compareRates, loadInTurns } from "../load/load-in-turns.ts";
import { startNginx } from "../peers/nginx.ts";
import { requireAnswer } from "../peers/peer.ts";
import { BenchPlatform } from "../platform/bench-platform.ts";
import { writePrebuiltApp } from "../platform/prebuilt-app.ts";
import type { Figure } from "../report/figure.ts";

/** 1 KB that no content coding would be worth. */
const content = `${"Evenkeel serves this file. ".repeat(38).slice(0, 1_023)}\n`;

export const staticFile: Program = {
  name: "static",
  title: "A static file",
  tools: ["wrk", "nginx", "taskset"],
  conditions: `A file of 1 KB. One edge process, all its threads bound to one core; nginx (one worker, sendfile, open files cached, no access
log) bound to the same core; wrk (one thread, 64 kept connections, no accept-encoding) on another core. Both servers run all the time
and are loaded in turn.`,

  async run(bench: Bench): Promise<Figure[]> {
    const platform = await BenchPlatform.start(bench, 1);
    const source = bench.makeFolder("app");
    writePrebuiltApp(source, { files: { "file.txt": content } });
    await platform.deployPrebuilt(source, "files");
    await platform.pinEdges(bench.cores.server);
    const nginx = await startNginx(bench, { "file.txt": content }, "text/plain; charset=utf-8");

    const ours = {
      name: "Evenkeel",
      port: platform.port,
      path: "/file.txt",
      host: platform.authority("files"),
    };
    const theirs = { ...nginx, path: "/file.txt" };
    for (const target of [ours, theirs]) await requireAnswer(target, (answer) => answer.text() === content);
    const rates = await loadInTurns(bench, [ours, theirs]);
    return [
      compareRates(rates, { ours, theirs }, { id: "static", what: "static 1 KB file, one core", least: 1 }),
    ];
  },
};
