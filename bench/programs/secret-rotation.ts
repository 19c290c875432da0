import type { Bench, Program } from "../bench.ts";
import { PeerFailedError } from "../errors.ts";
import { SecretLoadProcess } from "../load/secret-load-process.ts";
import { BenchPlatform } from "../platform/bench-platform.ts";
import { writePrebuiltApp } from "../platform/prebuilt-app.ts";
import { type Figure, formatCount } from "../report/figure.ts";
import { percentile } from "../statistics.ts";

const app = "shop";
const name = "SIGNING_KEY";
const requestsPerSecond = 100;
const rotationsPerRound = 4;

export const secretRotation: Program = {
  name: "secret-rotation",
  title: "Rotation of a secret under load",
  tools: [],
  conditions: `${rotationsPerRound} rotations a round (20 by default) over the control plane's API, each with an overlap that is then ended, which is a release as
well, while ${requestsPerSecond} requests a second come in at a steady rate whatever the answers take, half over kept connections, half over fresh ones. Each
carries the secret that its sender holds: the value before the rotation until the command has ended, the new one after it; the function accepts the
variable's value and NAME_PREVIOUS, as an app does that verifies signatures. Failed: any error, any status but 200, among them a
secret that was not accepted. Default number of edges; nothing is bound to a core.`,

  async run(bench: Bench): Promise<Figure[]> {
    const platform = await BenchPlatform.start(bench);
    const { control } = platform;
    await control.ensureApp({ app });
    let value = "value-0";
    await control.setVariables({ app, environments: ["production"], variables: { [name]: value } });
    const folder = bench.makeFolder("app");
    writePrebuiltApp(folder, { files: {}, functions: { "api/verify": functionSource } });
    await platform.deployPrebuilt(folder, app);

    const load = SecretLoadProcess.start(bench, await platform.node(), {
      ...{ port: platform.port, host: platform.authority(app), path: "/api/verify" },
      ...{ requestsPerSecond, secret: value },
    });
    const samples: number[] = [];
    const rotations = rotationsPerRound * bench.rounds;
    for (let rotation = 1; rotation <= rotations; rotation++) {
      bench.step(`Rotation ${rotation} of ${rotations}`);
      const next = `value-${rotation}`;
      const beginMs = performance.now();
      const { deployments } = await control.rotateVariable({ app, name, value: next, overlapMs: 3_600_000 });
      await live(platform, deployments);
      samples.push(performance.now() - beginMs);
      value = next;
      // Whoever asked with the old one has its answer before that ends.
      await load.carry(value);
      await live(platform, (await control.endOverlap({ app, name })).deployments);
    }
    const { requests, failed, failures } = await load.finish();
    for (const words of failures) bench.note(words);
    return [
      {
        id: "secret-rotation-failed",
        what: `failed requests in ${rotations} rotations of a secret`,
        goal: { kind: "limit", most: 0, unit: "requests" },
        value: failed,
        measured: `${failed} of ${formatCount(requests)} at ${requestsPerSecond} a second`,
        samples: [failed],
      },
      {
        id: "secret-rotation",
        what: "rotation of a secret, command to its release",
        goal: { kind: "limit", most: 5_000, unit: "ms", statistic: "p99" },
        value: percentile(samples, 0.99),
        measured: `p50 ${percentile(samples, 0.5).toFixed(0)} ms, most ${Math.max(...samples).toFixed(0)} ms`,
        samples,
      },
    ];
  },
};

async function live({ control }: BenchPlatform, deployments: string[]): Promise<void> {
  for (const deployment of deployments) {
    for await (const _ of control.followDeployment({ deployment })) {
      // Until it has ended.
    }
    const { state } = await control.getDeployment({ deployment });
    if (state !== "ready") throw new PeerFailedError(`The rotation ended as ${state}`);
  }
}

const functionSource = `module.exports = (request, response) => {
  const { SIGNING_KEY, SIGNING_KEY_PREVIOUS } = process.env;
  const accepted = [SIGNING_KEY, SIGNING_KEY_PREVIOUS].includes(request.headers["x-secret"]);
  response.statusCode = accepted ? 200 : 401;
  response.end();
};
`;
