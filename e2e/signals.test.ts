import { afterAll, beforeAll, expect, test } from "bun:test";
import type { KnownSignal, SignalAnswer, SignalOverview } from "@evenkeel/model";
import { eventually } from "./harness/http.ts";
import { repository, TestPlatform } from "./harness/platform.ts";
import { writePrebuilt } from "./harness/prebuilt.ts";

const limitMs = 180_000;
const host = "shop.localhost";
let platform: TestPlatform;
let deployment: string;
let asked = 0;

const handler = `module.exports = (request, response) => {
  if (request.url.startsWith("/broken")) response.status(500);
  response.end("hello");
};`;

beforeAll(async () => {
  platform = await TestPlatform.start();
  const source = writePrebuilt(platform.sourceFolder("shop"), { functions: { index: handler } });
  deployment = (await platform.deploy(source, "--app", "shop", "--prod", "--prebuilt")).id;
}, 300_000);
afterAll(() => platform?.stop(), 60_000);

async function ask(path: string, times: number): Promise<void> {
  for (let request = 0; request < times; request++) {
    await platform.get(host, path);
    asked++;
  }
}

/** What was measured of one signal in the last hour, as one number. */
async function total(signal: string, ...options: string[]): Promise<number> {
  const words = ["metrics", "shop", "--signal", signal, "--since", "1h", ...options];
  const [answer] = await platform.json<SignalAnswer[]>(...words);
  const points = answer!.series[0]?.points ?? [];
  return points.reduce<number>((sum, point) => {
    if (point === null) return sum;
    return sum + (typeof point === "number" ? point : "count" in point ? point.count : 0);
  }, 0);
}

const requestsAre = (count: number) =>
  eventually(
    () => total("requests"),
    (requests) => requests === count,
    60_000,
  );

const pidOf = async (name: string): Promise<number | undefined> => {
  const { processes } = await platform.json<{ processes: { name: string; pid: number }[] }>("status");
  return processes.find((process) => process.name === name)?.pid;
};

test(
  "requests, errors by class, latency, instances and the disk are measured without being asked for",
  async () => {
    // The platform has asked it at its release, and nobody else has.
    await eventually(
      () => total("probes"),
      (probes) => probes > 0,
      60_000,
    );
    expect(await total("requests")).toBe(0);
    await ask("/", 20);
    await ask("/broken", 5);
    await requestsAre(25);
    expect(await total("errors")).toBe(5);
    expect(await total("latency")).toBe(25);
    const [byClass] = await platform.json<SignalAnswer[]>(
      "metrics",
      "shop",
      "--signal",
      "errors",
      "--by",
      "detail",
    );
    expect(byClass!.series.map(({ detail }) => detail)).toEqual(["app"]);
    await eventually(
      async () =>
        (await platform.json<KnownSignal[]>("metrics", "shop", "--list")).map(({ signal }) => signal),
      (known) =>
        ["instance_cpu", "instance_memory", "instances", "start_time"].every((name) => known.includes(name)),
      60_000,
    );
    const { rows, live } = await eventually(
      () => platform.json<SignalOverview>("top", "--window", "10min"),
      ({ live }) => ["edge", "host", "signals"].every((origin) => live.includes(origin as never)),
      60_000,
    );
    expect(live).toContain("host");
    const shop = rows.find(({ app }) => app === "shop")!;
    expect(shop.counts["requests"]).toBe(25);
    expect(shop.gauges["instance_memory"]).toBeGreaterThan(10_000_000);
    expect(rows.find(({ app }) => app === "_platform")!.gauges["disk_size"]).toBeGreaterThan(0);
  },
  limitMs,
);

test(
  "charts show what was measured, its release, and say what to do where there is nothing",
  async () => {
    const board = await platform.must("metrics", "shop");
    for (const words of ["requests", "latency p99", "v1▲", "shop · production"])
      expect(board).toContain(words);
    const chart = await platform.must("metrics", "shop", "--signal", "latency", "--deployment", deployment);
    for (const words of ["p50", "p95", "p99", "▲", "└"]) expect(chart).toContain(words);
    expect(await platform.must("metrics", "shop", "--env", "staging")).toContain(
      "evenkeel metrics shop --since 7d",
    );
    expect(await platform.must("top")).toContain("shop");
    expect((await platform.failing("metrics", "shop", "--signal", "no_such")).stderr).toContain("--list");
    expect((await platform.failing("metrics", "nobody")).exitCode).toBe(1);
    expect((await platform.failing("metrics", "shop", "--since", "1s")).exitCode).toBe(2);
  },
  limitMs,
);

test(
  "a killed process of signals loses nothing that edges counted, and counts nothing twice",
  async () => {
    const before = await total("requests");
    const sentBefore = asked;
    for (let round = 0; round < 3; round++) {
      await ask("/", 10);
      const pid = (await pidOf("signals"))!;
      process.kill(pid, "SIGKILL");
      await ask("/", 10);
      await eventually(
        () => pidOf("signals"),
        (now) => now !== undefined && now !== pid,
      );
    }
    await requestsAre(before + asked - sentBefore);
  },
  limitMs,
);

test(
  "top draws live in a terminal and leaves it as it was at q",
  async () => {
    let screen = "";
    const child = Bun.spawn([`${repository}/evenkeel`, "top", "--window", "10min"], {
      cwd: repository,
      env: { ...process.env, EVENKEEL_HOME: platform.home, TERM: "xterm-256color" },
      terminal: {
        cols: 120,
        rows: 30,
        data: (_terminal, bytes) => {
          screen += Buffer.from(bytes).toString();
        },
      },
    });
    try {
      await eventually(
        () => screen,
        (seen) => seen.split("evenkeel top").length > 2 && seen.includes("shop"),
        60_000,
      );
      child.terminal!.write("q");
      expect(await child.exited).toBe(0);
      expect(screen).toContain("\u001b[?1049l");
    } finally {
      child.kill("SIGKILL");
    }
  },
  limitMs,
);
