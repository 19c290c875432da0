import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { homeLayout, type SignalQuery, type SignalSecond } from "@evenkeel/model";
import { SignalSender } from "./client/signal-sender.ts";
import { SignalsClient } from "./client/signals-client.ts";

const main = join(import.meta.dir, "main.ts");
const shop = { app: "shop", environment: "production", deployment: "d1" } as const;

let home: string;
const stops: (() => unknown)[] = [];
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "ek-signals-"));
});
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
  rmSync(home, { recursive: true, force: true });
});

async function start() {
  const child = Bun.spawn([process.execPath, main], {
    env: { ...process.env, EVENKEEL_HOME: home },
    stdout: "pipe",
    stderr: "ignore",
  });
  stops.push(() => {
    child.kill("SIGKILL");
    return child.exited;
  });
  const { value } = await child.stdout.getReader().read();
  expect(Buffer.from(value!).toString()).toContain('"ready":true');
  return child;
}

function sender(name: string, bufferLimit?: number): SignalSender {
  const source = new SignalSender({
    socketPath: homeLayout(home).signalsSocket,
    origin: "edge",
    name,
    bufferLimit,
  });
  stops.push(() => source.stop());
  return source;
}

function reader(): SignalsClient {
  const client = new SignalsClient(homeLayout(home).signalsSocket);
  stops.push(() => client.stop());
  return client;
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const limit = Date.now() + 30_000;
  while (!(await condition())) {
    if (Date.now() > limit) throw new Error("The condition never came true");
    await Bun.sleep(20);
  }
}

async function total(client: SignalsClient, query: Partial<SignalQuery> = {}): Promise<number> {
  const { series } = await client.query({
    ...{ app: "shop", environment: "production", signal: "requests", stepMs: 0 },
    ...{ fromMs: Date.now() - 1_800_000, toMs: Date.now() + 5_000, ...query },
  });
  return (series[0]!.points[0] as number | null) ?? 0;
}

test("a process that is killed again and again counts everything once", async () => {
  let child = await start();
  const client = reader();
  const edges = [sender("edge-0"), sender("edge-1")];
  let sent = 0;
  for (let round = 0; round < 5; round++) {
    for (let batch = 0; batch < 20; batch++) {
      for (const edge of edges) {
        edge.send([{ ...shop, counts: { requests: 1 } }]);
        sent++;
      }
      await Bun.sleep(2);
    }
    child.kill("SIGKILL");
    await child.exited;
    for (const edge of edges) {
      edge.send([{ ...shop, counts: { requests: 1 } }]);
      sent++;
    }
    child = await start();
  }
  await until(async () => (await total(client)) >= sent);
  // Whatever was still under way would make it more.
  child.kill("SIGTERM");
  await child.exited;
  await start();
  await until(async () => (await total(client).catch(() => 0)) > 0);
  expect(await total(client)).toBe(sent);
}, 120_000);

test("a source that waits too long throws its oldest seconds away and says how many", async () => {
  const edge = sender("edge-0", 10);
  for (let batch = 0; batch < 25; batch++) edge.send([{ ...shop, counts: { requests: 1 } }]);
  await start();
  const client = reader();
  const lost = () => total(client, { app: "_platform", signal: "signals_dropped", detail: "buffer" });
  await until(async () => (await total(client)) === 10);
  // What the last batches pushed out is told by the next.
  edge.send([]);
  await until(async () => (await lost()) === 15);
}, 60_000);

test("garbage on the socket ends its connection and nothing else", async () => {
  await start();
  const client = reader();
  const edge = sender("edge-0");
  edge.send([{ ...shop, counts: { requests: 3 } }]);
  await until(async () => (await total(client)) === 3);
  const garbage = [
    "\x00\xff not json\n",
    "null\n",
    '{"type":"batch","seq":1}\n',
    '{"type":"hello"}\n',
    '{"type":"hello","source":{"origin":"edge","name":"x","run":"1"}}\n{"type":"batch","seq":1,"atMs":"x"}\n',
    '{"type":"query"}\n',
  ];
  for (const text of garbage) {
    const closed = Promise.withResolvers<void>();
    const socket = { data() {}, close: () => closed.resolve() };
    const raw = await Bun.connect({ unix: homeLayout(home).signalsSocket, socket });
    raw.write(text);
    await closed.promise;
  }
  expect(await total(client)).toBe(3);
}, 60_000);

test("subscribers hear of each second, of silence as silence, and go on after the process was away", async () => {
  const child = await start();
  const client = reader();
  const edge = sender("edge-0");
  const heard: SignalSecond[] = [];
  client.subscribe({ app: "shop", signals: ["requests"] }, (second) => heard.push(second));
  const requests = () => heard.flatMap(({ samples }) => samples.map(({ counts }) => counts!["requests"]!));
  await until(() => {
    edge.send([{ ...shop, counts: { requests: 1, errors: 1 } }]);
    return requests().length > 0;
  });
  expect(heard.at(-1)!.samples[0]).toMatchObject(shop);
  await until(() => heard.some(({ live, samples }) => live.includes("edge") && samples.length === 0));
  child.kill("SIGKILL");
  await child.exited;
  await start();
  const before = heard.length;
  await until(() => heard.length > before);
  edge.stop();
  await until(() => heard.at(-1)!.live.includes("edge") === false);
}, 120_000);
