import { request } from "../../e2e/harness/http.ts";
import type { Bench, Program } from "../bench.ts";
import { PeerFailedError } from "../errors.ts";
import { MixedLoadProcess } from "../load/mixed-load-process.ts";
import { BenchPlatform } from "../platform/bench-platform.ts";
import { writePrebuiltApp } from "../platform/prebuilt-app.ts";
import { type Figure, formatCount } from "../report/figure.ts";
import { percentile } from "../statistics.ts";

const app = "shop";
const cyclesPerRound = 100;
const requestsPerSecond = 200;
/** Between two switches, so that answers of a settled release are judged too. */
const pauseMs = 60;

export const rollback: Program = {
  name: "rollback",
  title: "Rollback under load",
  tools: [],
  conditions: `100 cycles a round (500 by default): a newer deployment is promoted, then rolled back, over the control plane's API, while ${requestsPerSecond} requests
a second come in at a steady rate whatever the answers take: half over kept connections, half over fresh ones (half of them to a function, half to
a file), one in twenty a stream of server-sent events over half a second, one in forty an upload of 5 MB. The client is Node's, which repeats
nothing. Failed: any error, any status but 200, a stream that is cut or mixed, an upload not counted whole by the function. Stale: a request that began
after a release was confirmed, was answered before the next command, and came from another version. The time of a rollback is
that of the API call, which ends once the old version has answered at its alias through an edge and all edges have acknowledged. Default number of
edges; nothing is bound to a core.`,

  async run(bench: Bench): Promise<Figure[]> {
    const platform = await BenchPlatform.start(bench);
    const older = await deployVersion(bench, platform, "older");
    const newer = await deployVersion(bench, platform, "newer");
    const cycles = cyclesPerRound * bench.rounds;
    const load = await MixedLoadProcess.start(bench, await platform.node(), {
      port: platform.port,
      host: platform.authority(app),
      requestsPerSecond,
    });

    const samples: number[] = [];
    // `newer` answers now; each cycle ends as it began, with the last one rolled back again.
    for (let cycle = 0; cycle < cycles; cycle++) {
      if (cycle % 10 === 0) bench.step(`Cycle ${cycle} of ${cycles}`);
      samples.push(
        await release(load, "older", () =>
          platform.control.rollback({ app, deployment: older, reason: "bench" }),
        ),
      );
      await release(load, "newer", () => platform.control.promote({ deployment: newer }));
    }
    const { requests, failed, stale, checked, failures } = await load.finish();
    for (const words of failures) bench.note(words);
    const total = Object.values(requests).reduce((sum, count) => sum + count, 0);
    const kinds = `${formatCount(requests.kept)} kept, ${formatCount(requests.fresh)} fresh, ${formatCount(
      requests.events,
    )} event streams, ${formatCount(requests.upload)} uploads`;
    return [
      {
        id: "rollback",
        what: "rollback, command to first answer of the old version",
        goal: { kind: "limit", most: 150, unit: "ms", statistic: "p99" },
        value: percentile(samples, 0.99),
        measured: `${percentile(samples, 0.99).toFixed(1)} ms (p50 ${percentile(samples, 0.5).toFixed(1)} ms, most ${Math.max(...samples).toFixed(1)} ms)`,
        samples,
      },
      {
        id: "rollback-failed",
        what: `failed requests in ${cycles} deploy/rollback cycles`,
        goal: { kind: "limit", most: 0, unit: "requests" },
        value: failed,
        measured: `${failed} of ${formatCount(total)} (${kinds})`,
        samples: [failed],
      },
      {
        id: "rollback-stale",
        what: "answers of another version than the confirmed one",
        goal: { kind: "limit", most: 0, unit: "requests" },
        value: stale,
        measured: `${stale} of ${formatCount(checked)} that were judged`,
        samples: [stale],
      },
    ];
  },
};

type Confirmed = { outcome: string; confirmation?: { answered: boolean; edges: { unconfirmed: string[] } } };

/** In milliseconds, until the version was seen to answer. */
async function release(
  load: MixedLoadProcess,
  version: string,
  command: () => Promise<Confirmed>,
): Promise<number> {
  await load.expect(null);
  const beginMs = performance.now();
  const { outcome, confirmation } = await command();
  const tookMs = performance.now() - beginMs;
  if (!confirmation?.answered || confirmation.edges.unconfirmed.length > 0) {
    throw new PeerFailedError(
      `The release of ${version} was not confirmed: ${outcome} ${JSON.stringify(confirmation)}`,
    );
  }
  await load.expect(version);
  await Bun.sleep(pauseMs);
  return tookMs;
}

async function deployVersion(bench: Bench, platform: BenchPlatform, version: string): Promise<string> {
  const folder = bench.makeFolder("app");
  writePrebuiltApp(folder, {
    files: {
      "version.json": JSON.stringify({ version }),
      "index.html": `<!doctype html><title>${version}</title>\n`,
    },
    functions: { "api/version": functionSource(version) },
  });
  const { id } = await platform.deployPrebuilt(folder, app);
  const answer = await request({ port: platform.port, host: `${app}.localhost`, path: "/api/version" });
  if (answer.status === 200) return id;
  throw new PeerFailedError(`${version} answers with ${answer.status}: ${answer.text().slice(0, 200)}`);
}

const functionSource = (version: string): string => `const version = ${JSON.stringify(version)};

module.exports = async (request, response) => {
  if (request.method === "POST") {
    let bytes = 0;
    for await (const chunk of request) bytes += chunk.length;
    return response.json({ version, bytes });
  }
  if (!request.url.includes("events")) return response.json({ version });
  response.setHeader("content-type", "text/event-stream");
  for (let event = 0; event < 5; event++) {
    if (event > 0) await new Promise((resolve) => setTimeout(resolve, 100));
    response.write("data: " + version + "\\n\\n");
  }
  response.end();
};
`;
