import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type FromSignals, Histogram, homeLayout, type SignalSample, type ToSignals } from "@evenkeel/model";
import { listenForMessages } from "@evenkeel/wire";
import { until } from "../testing/until.ts";
import { HostMeasures } from "./host-measures.ts";
import { InstanceNumbers } from "./instance-numbers.ts";

const scope = { app: "shop", environment: "production", deployment: "d1" } as const;

let folder: string;
let samples: SignalSample[];
const stops: (() => void)[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ek-measures-"));
  samples = [];
  const layout = homeLayout(folder);
  mkdirSync(layout.run);
  const server = listenForMessages<ToSignals, FromSignals>(layout.signalsSocket, (connection) => {
    connection.onMessage = (message) => {
      if (message.type === "batch") samples.push(...message.samples);
      connection.send({ type: "ack", seq: message.type === "batch" ? message.seq : 0 });
    };
  });
  stops.push(() => server.stop());
});
afterEach(() => {
  for (const stop of stops.splice(0).reverse()) stop();
  rmSync(folder, { recursive: true, force: true });
});

function start(): HostMeasures {
  const measures = new HostMeasures(homeLayout(folder));
  stops.push(() => measures.stop());
  return measures;
}

test("levels of what is up, processor time since the look before, and that nothing is left, are told", async () => {
  const measures = start();
  let cpuSeconds = 0;
  const unwatch = measures.watch({
    ...{ scope, isUp: () => true, memoryBytes: () => 1_000, turned: () => Bun.sleep(1) },
    ...{ wasUsed: () => true, cpuSeconds: () => (cpuSeconds += 1) },
  });
  measures.watch({ scope, name: "web.1", isUp: () => false, memoryBytes: () => 1, cpuSeconds: () => 1 });
  const gauge = (name: string) => samples.filter(({ gauges }) => gauges?.[name] !== undefined);
  await until(() => gauge("instance_cpu").length > 0);
  expect(gauge("instance_cpu")[0]).toMatchObject({
    ...scope,
    detail: "1",
    gauges: { instance_memory: 1_000 },
  });
  expect(gauge("instance_cpu")[0]!.gauges!["instance_cpu"]).toBeGreaterThan(0);
  expect(gauge("instances")[0]).toMatchObject({ ...scope, gauges: { instances: 1 } });
  expect(gauge("instance_memory").some(({ detail }) => detail === "web.1")).toBe(false);
  const delays = () =>
    samples.flatMap(({ histograms }) => (histograms?.["event_loop_delay"] ? [histograms] : []));
  await until(() => delays().length > 0);
  expect(Histogram.fromJson(delays()[0]!["event_loop_delay"]!).count).toBeGreaterThan(0);
  unwatch();
  await until(() => gauge("instances").some(({ gauges }) => gauges!["instances"] === 0));
}, 60_000);

test("starts, cold starts and crashes are counted when they happen", async () => {
  const measures = start();
  measures.count(scope, "cold_starts");
  measures.count(scope, "cold_starts");
  measures.count({ ...scope, detail: "worker.1" }, "instance_restarts");
  measures.started(scope, 84);
  await until(() => samples.length >= 2);
  expect(samples).toEqual([
    { ...scope, counts: { cold_starts: 2 }, histograms: { start_time: Histogram.of([84]).toJSON() } },
    { ...scope, detail: "worker.1", counts: { instance_restarts: 1 } },
  ]);
}, 60_000);

test("numbers of instances are the lowest that are free, so that their series have an end", () => {
  const numbers = new InstanceNumbers();
  const [one, two] = [numbers.take("d1"), numbers.take("d1")];
  expect([one.number, two.number, numbers.take("d2").number]).toEqual([1, 2, 1]);
  one.release();
  expect([numbers.take("d1").number, numbers.take("d1").number]).toEqual([1, 3]);
});
