import { readFileSync } from "node:fs";
import type { Bench, Program } from "../bench.ts";
import { compareRates, loadInTurns } from "../load/load-in-turns.ts";
import { startCaddy } from "../peers/caddy.ts";
import { startHaproxy } from "../peers/haproxy.ts";
import { handlerPath, startNodeHandler } from "../peers/node-handler.ts";
import { requireAnswer } from "../peers/peer.ts";
import { BenchPlatform } from "../platform/bench-platform.ts";
import { writePrebuiltApp } from "../platform/prebuilt-app.ts";
import type { Figure } from "../report/figure.ts";

export const dynamic: Program = {
  name: "dynamic",
  title: "A function",
  tools: ["wrk", "haproxy", "caddy", "taskset"],
  conditions: `One handler, the same source on all sides, answering 1 KB of JSON. Proxy **and** handler are bound together to one core, so what
counts is the processor time that both need for a request: (1) one edge and one instance of the function (limited to one, isolated as
always), (2) HAProxy and (3) Caddy, one thread each, before the handler in plain \`node:http\`. The same Node everywhere, unix sockets with
kept connections between proxy and handler everywhere. wrk (one thread, 64 kept connections) on another core.`,

  async run(bench: Bench): Promise<Figure[]> {
    const platform = await BenchPlatform.start(bench, 1);
    await platform.control.ensureApp({ app: "functions" });
    await platform.control.updateApp({ app: "functions", maxInstances: 1 });
    const source = bench.makeFolder("app");
    writePrebuiltApp(source, { functions: { "api/handler": readFileSync(handlerPath, "utf8") } });
    const { id } = await platform.deployPrebuilt(source, "functions");
    const socketPath = await startNodeHandler(bench, await platform.node());
    const haproxy = { ...(await startHaproxy(bench, socketPath)), path: "/api/handler" };
    const caddy = { ...(await startCaddy(bench, socketPath)), path: "/api/handler" };
    const ours = {
      name: "Evenkeel",
      port: platform.port,
      path: "/api/handler",
      host: platform.authority("functions"),
    };
    const { body } = await requireAnswer(ours, ({ body }) => body.length === 1_024);
    for (const peer of [haproxy, caddy]) await requireAnswer(peer, (answer) => answer.body.equals(body));
    await platform.pinEdges(bench.cores.server);
    await platform.pinInstances(id, bench.cores.server);

    const rates = await loadInTurns(bench, [ours, haproxy, caddy]);
    const what = "dynamic function through the edge, one core for both";
    return [
      compareRates(rates, { ours, theirs: haproxy }, { id: "dynamic-haproxy", what, least: 0.7 }),
      compareRates(rates, { ours, theirs: caddy }, { id: "dynamic-caddy", what, least: 1.5 }),
    ];
  },
};
