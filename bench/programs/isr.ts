import type { Bench, Program } from "../bench.ts";
import { compareRates, loadInTurns } from "../load/load-in-turns.ts";
import { startNext } from "../peers/next-start.ts";
import { startNginx } from "../peers/nginx.ts";
import { requireAnswer } from "../peers/peer.ts";
import { BenchPlatform } from "../platform/bench-platform.ts";
import { buildNextFixture } from "../platform/next-fixture.ts";
import type { Figure } from "../report/figure.ts";

const path = "/isr";

export const isr: Program = {
  name: "isr",
  title: "A cached ISR page",
  tools: ["wrk", "nginx", "taskset"],
  conditions: `The page \`/isr\` of the Next.js fixture, which is rendered anew every 3 s under load on both sides. One edge process bound to one
core (the function that renders the page anew is bound to the same one); \`next start\` on the same build and nginx with the page's bytes in a
file, each bound to that core; wrk (one thread, 64 kept connections) on another core.`,

  async run(bench: Bench): Promise<Figure[]> {
    const platform = await BenchPlatform.start(bench, 1);
    const source = await buildNextFixture(bench, platform);
    const { id } = await platform.deployPrebuilt(source, "shop");
    const next = await startNext(bench, source, await platform.node(), path);

    const ours = { name: "Evenkeel", port: platform.port, path, host: platform.authority("shop") };
    const isPage = ({ headers, text }: { headers: { "content-type"?: string }; text(): string }) =>
      headers["content-type"]?.startsWith("text/html") === true && text().includes('id="rendered"');
    const page = await requireAnswer(ours, isPage);
    await requireAnswer({ ...next, path }, isPage);
    const nginx = await startNginx(bench, { isr: page.body }, "text/html; charset=utf-8");
    await platform.pinEdges(bench.cores.server);
    await platform.pinInstances(id, bench.cores.server);

    const ofNext = { ...next, path };
    const ofNginx = { ...nginx, path };
    const rates = await loadInTurns(bench, [ours, ofNginx, ofNext]);
    return [
      compareRates(
        rates,
        { ours, theirs: ofNginx },
        { id: "isr-nginx", what: "cached ISR page, one core", least: 1 },
      ),
      compareRates(
        rates,
        { ours, theirs: ofNext },
        { id: "isr-next", what: "cached ISR page of the Next.js fixture, one core", least: 15 },
      ),
    ];
  },
};
