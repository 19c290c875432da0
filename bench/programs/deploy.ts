import { request } from "../../e2e/harness/http.ts";
import type { Bench, Program } from "../bench.ts";
import { PeerFailedError } from "../errors.ts";
import { BenchPlatform } from "../platform/bench-platform.ts";
import { writePrebuiltApp } from "../platform/prebuilt-app.ts";
import type { Figure } from "../report/figure.ts";
import { median, percentile } from "../statistics.ts";

const samplesPerRound = 2;

export const deploy: Program = {
  name: "deploy",
  title: "Deploying a small app",
  tools: [],
  conditions: `The whole command \`evenkeel deploy --prebuilt --prod\` of an app with ten static files and two functions, from its start as a
process to its end: packed, uploaded, imported and stored durably, an instance started, asked for an answer, switched, and the new version
seen at the production alias. A function and a file differ from one deploy to the next. The first deploy, which creates the app, is not counted.`,

  async run(bench: Bench): Promise<Figure[]> {
    const platform = await BenchPlatform.start(bench);
    const folder = bench.makeFolder("app");
    const samples: number[] = [];
    for (let deploy = 0; deploy <= samplesPerRound * bench.rounds; deploy++) {
      bench.step(`Deploy ${deploy} of ${samplesPerRound * bench.rounds}`);
      writePrebuiltApp(folder, smallApp(deploy));
      await platform.untilQuiet();
      const beginMs = performance.now();
      await platform.deployPrebuilt(folder, "small");
      const tookMs = performance.now() - beginMs;
      const live = await request({ port: platform.port, host: "small.localhost", path: "/api/version" });
      if (live.text() !== String(deploy)) {
        throw new PeerFailedError(
          `Deploy ${deploy} is not live when the command ends: ${live.text().slice(0, 200)}`,
        );
      }
      if (deploy > 0) samples.push(tookMs);
    }
    return [
      {
        id: "deploy",
        what: "`deploy --prebuilt` of a small app to live",
        goal: { kind: "limit", most: 1_000, unit: "ms", statistic: "p50" },
        value: median(samples),
        measured: `${Math.round(median(samples))} ms (p90 ${Math.round(percentile(samples, 0.9))} ms)`,
        samples,
      },
    ];
  },
};

function smallApp(version: number) {
  const files: Record<string, string> = {
    "index.html": `<!doctype html><title>Version ${version}</title>\n`,
  };
  for (let index = 1; index < 10; index++) {
    files[`assets/part-${index}.js`] = `export const part = ${index};\n`.repeat(50 * index);
  }
  return {
    files,
    functions: {
      "api/version": `module.exports = (_request, response) => response.send("${version}");\n`,
      "api/time": "module.exports = (_request, response) => response.json({ now: Date.now() });\n",
    },
  };
}
