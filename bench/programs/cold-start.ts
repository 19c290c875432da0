import { request } from "../../e2e/harness/http.ts";
import type { Bench, Program } from "../bench.ts";
import { PeerFailedError } from "../errors.ts";
import { BenchPlatform } from "../platform/bench-platform.ts";
import { buildNextFixture } from "../platform/next-fixture.ts";
import { writePrebuiltApp } from "../platform/prebuilt-app.ts";
import type { Figure } from "../report/figure.ts";
import { median, percentile } from "../statistics.ts";

const samplesPerRound = 3;
/** Instances write their compiled code some seconds after the first request; starts are measured once that is there, as they are in use. */
const compiledCodeMs = 8_000;

interface Start {
  id: string;
  what: string;
  mostMs: number;
  deployment: string;
  host: string;
  path: string;
}

const source = `module.exports = (request, response) => response.status(200).json({ path: request.url });\n`;

export const coldStart: Program = {
  name: "cold-start",
  title: "Cold start",
  tools: [],
  conditions: `From the request to the last byte of its answer, over a new connection, when the deployment has no instance but the pool has a warm
process and the machine is quiet. Between two samples the host ends the deployment's instances, and the pool is waited for. The page
is \`/nice/8\` (rendered on the server for each request), the API route \`/api/echo\` of the Next.js fixture. The code of each had run
once before, as in any deployment that has served: compiled code is kept over starts. Nothing is bound to a core.`,

  async run(bench: Bench): Promise<Figure[]> {
    const platform = await BenchPlatform.start(bench);
    const folder = bench.makeFolder("app");
    writePrebuiltApp(folder, { functions: { "api/hello": source } });
    const hello = await platform.deployPrebuilt(folder, "hello");
    const shop = await platform.deployPrebuilt(await buildNextFixture(bench, platform), "shop");
    const starts: Start[] = [
      {
        id: "cold-start-function",
        what: "cold start, one-file function",
        mostMs: 20,
        deployment: hello.id,
        host: "hello.localhost",
        path: "/api/hello",
      },
      {
        id: "cold-start-route",
        what: "cold start, Next.js API route",
        mostMs: 120,
        deployment: shop.id,
        host: "shop.localhost",
        path: "/api/echo",
      },
      {
        id: "cold-start-page",
        what: "cold start, Next.js page",
        mostMs: 220,
        deployment: shop.id,
        host: "shop.localhost",
        path: "/nice/8",
      },
    ];
    for (const start of starts) await ask(platform, start);
    bench.step("Waiting for the compiled code");
    await Bun.sleep(compiledCodeMs);

    const figures: Figure[] = [];
    for (const start of starts) {
      const samples: number[] = [];
      for (let sample = 0; sample < samplesPerRound * bench.rounds; sample++) {
        bench.step(`${start.what}: sample ${sample + 1} of ${samplesPerRound * bench.rounds}`);
        samples.push(await sampleStart(platform, start));
      }
      figures.push({
        id: start.id,
        what: start.what,
        goal: { kind: "limit", most: start.mostMs, unit: "ms", statistic: "p50" },
        value: median(samples),
        measured: `${median(samples).toFixed(1)} ms (p90 ${percentile(samples, 0.9).toFixed(1)} ms)`,
        samples,
      });
    }
    return figures;
  },
};

async function sampleStart(platform: BenchPlatform, start: Start): Promise<number> {
  await platform.stopInstances(start.deployment);
  if ((await platform.instances(start.deployment)).length > 0) {
    throw new PeerFailedError(`${start.what}: an instance is running before the request`);
  }
  await platform.untilQuiet();
  return ask(platform, start);
}

/** In milliseconds. */
async function ask(platform: BenchPlatform, { what, host, path }: Start): Promise<number> {
  const beginMs = performance.now();
  const answer = await request({ port: platform.port, host, path });
  const tookMs = performance.now() - beginMs;
  if (answer.status === 200) return tookMs;
  throw new PeerFailedError(`${what}: status ${answer.status}: ${answer.text().slice(0, 200)}`);
}
