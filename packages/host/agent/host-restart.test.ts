import { afterEach, beforeEach, expect, test } from "bun:test";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { startTime } from "../isolation/process-records.ts";
import { get, TestEdge } from "../testing/test-edge.ts";
import { TestPlatform } from "../testing/test-platform.ts";
import { until } from "../testing/until.ts";

const limitMs = 120_000;
const hello = {
  "index.js":
    "module.exports = (req, res) => { console.log('asked'); res.end('hello ' + process.env.NAME); };",
};
let platform: TestPlatform;
beforeEach(() => {
  platform = new TestPlatform({ EVENKEEL_INSTANCE_IDLE: "1s" });
});
afterEach(() => platform.stop(), limitMs);

test(
  "a host that starts while control is away starts what it knew",
  async () => {
    await platform.startHost();
    const deployment = await platform.deploy({ files: hello, environment: { NAME: "Grace" } });
    expect(await platform.stopHost()).toBe(0);
    platform.stopFeed();
    await platform.startHost();
    const edge = await TestEdge.connect(platform);
    expect(await get(await edge.instance(deployment))).toBe("hello Grace");
    edge.close();
  },
  limitMs,
);

test(
  "instances of a host that was killed go on answering until the next host has ended them",
  async () => {
    await platform.startHost();
    const deployment = await platform.deploy({ files: hello, environment: { NAME: "Mary" } });
    const before = await TestEdge.connect(platform);
    const instance = await before.instance(deployment);
    const { pid } = (await platform.list()).find(({ id }) => id === instance.id)!;
    const startedAt = startTime(pid);
    expect(startedAt).toBeDefined();
    await platform.stopHost("SIGKILL");
    for (let times = 0; times < 3; times++) expect(await get(instance)).toBe("hello Mary");
    await platform.startHost();
    const after = await TestEdge.connect(platform);
    const next = await after.instance(deployment);
    expect(next.id).not.toBe(instance.id);
    expect(await get(next)).toBe("hello Mary");
    await until(() => startTime(pid) !== startedAt);
    const cell = join(platform.layout.instanceSockets, instance.socketPath.split("/").at(-2)!);
    await until(() => !existsSync(cell));
    before.close();
    after.close();
  },
  limitMs,
);

test(
  "an instance without requests is ended after its idle time, and all when the host is stopped",
  async () => {
    await platform.startHost();
    const deployment = await platform.deploy({ files: hello });
    const edge = await TestEdge.connect(platform);
    const instance = await edge.instance(deployment);
    await until(() => edge.drained.includes(instance.id));
    await until(async () => (await platform.list()).length === 0);
    const last = await edge.instance(deployment);
    const { pid } = (await platform.list()).find(({ id }) => id === last.id)!;
    expect(await platform.stopHost()).toBe(0);
    expect(startTime(pid)).toBeUndefined();
    expect(readdirSync(platform.layout.instanceSockets)).toEqual([]);
    edge.close();
  },
  limitMs,
);
