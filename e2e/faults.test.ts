import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { eventually } from "./harness/http.ts";
import { Load, loadedHandler } from "./harness/load.ts";
import { type Deployed, TestPlatform } from "./harness/platform.ts";
import { writePrebuilt } from "./harness/prebuilt.ts";
import { WireConnection } from "./harness/wire-connection.ts";

interface Status {
  processes: { name: string; state: string; pid?: number; restarts: number }[];
  control?: { instances?: { id: string; deployment: string; pid: number; state: string }[] };
}

const host = "shop.localhost";
let platform: TestPlatform;
let versions = 0;

beforeAll(async () => {
  platform = await TestPlatform.start("--edges", "2");
  await deployNext();
}, 120_000);
afterAll(() => platform?.stop(), 60_000);

const lastVersion = () => `v${versions}`;

async function deployNext(): Promise<Deployed> {
  const version = versions + 1;
  const folder = writePrebuilt(platform.sourceFolder("shop"), {
    functions: { index: loadedHandler(`v${version}`) },
    files: { "static.txt": `static v${version}` },
  });
  const deployed = await platform.deploy(folder, "--prebuilt", "--app", "shop", "--prod");
  versions = version;
  return deployed;
}

/** Undefined while the platform cannot say. */
async function status(): Promise<Status | undefined> {
  const { stdout } = await platform.run("status", "--json");
  const told = JSON.parse(stdout) as Status & { error?: object };
  return told.error ? undefined : told;
}

async function pidOf(name: string): Promise<number> {
  const found = (await status())?.processes.find((process) => process.name === name)?.pid;
  if (found === undefined) throw new Error(`${name} does not run`);
  return found;
}

async function kill(pid: number): Promise<void> {
  process.kill(pid, "SIGKILL");
  await eventually(
    () => isAlive(pid),
    (alive) => !alive,
  );
}

/** Whether a thread of it is left: only then are its sockets closed. */
function isAlive(pid: number): boolean {
  if (existsSync("/proc/self")) {
    try {
      const zombie = /^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
      return !zombie || readdirSync(`/proc/${pid}/task`).length > 1;
    } catch {
      return false;
    }
  }
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

const everythingRuns = () =>
  eventually(
    status,
    (seen) => seen?.processes.every((process) => process.state === "running") === true,
    60_000,
  );

/** The app's function and file, over connections of their own, so that both edges are asked. */
async function expectServed(version = lastVersion()): Promise<void> {
  for (let round = 0; round < 10; round++) {
    expect((await platform.get(host, "/")).text()).toBe(`${version} unset`);
    expect((await platform.get(host, "/static.txt")).text()).toBe(`static ${version}`);
  }
}

describe("kill -9", () => {
  test.each(["supervisor", "database", "control", "host", "edge-0", "edge-1"])(
    "of %s: visitors are served, it comes back, and deploys go on",
    async (name) => {
      const load = new Load(platform.port, host, lastVersion());
      try {
        const pid = await pidOf(name);
        // What an edge had in hand dies with it; nobody may notice the death of any other.
        if (name.startsWith("edge")) await load.disturb(() => kill(pid));
        else await kill(pid);
        const seen = await eventually(
          status,
          (now) => {
            const back = now?.processes.find((process) => process.name === name);
            return back?.state === "running" && back.pid !== pid;
          },
          60_000,
        );
        expect(seen!.processes.find((process) => process.name === name)!.restarts).toBeGreaterThan(0);
        await everythingRuns();
        load.mayAnswer(`v${versions + 1}`);
        await deployNext();
        load.onlyAnswers(lastVersion());
        await expectServed();
      } finally {
        await load.stop();
      }
      expect(load.failures).toEqual([]);
      for (const count of Object.values(load.answered)) expect(count).toBeGreaterThan(0);
    },
    120_000,
  );

  test("of an instance: the next request is answered by another", async () => {
    const { pid, id } = await eventually(
      async () => {
        await expectServed();
        const { deployment } = (
          await platform.json<{ deployment: string }[]>("list", "shop", "--releases")
        )[0]!;
        return (await status())?.control?.instances?.find((instance) => instance.deployment === deployment);
      },
      (instance) => instance?.state === "ready",
    ).then((instance) => instance!);
    await kill(pid);
    expect((await platform.get(host, "/")).text()).toBe(`${lastVersion()} unset`);
    const left = (await status())!.control!.instances!;
    expect(left.map((instance) => instance.id)).not.toContain(id);
  }, 60_000);

  test("of control during a build: the next control finishes it, and who waits for it is told", async () => {
    const folder = platform.sourceFolder("built");
    const build = "sleep 4; mkdir -p public; echo built > public/index.html";
    writeFileSync(join(folder, "package.json"), JSON.stringify({ private: true, scripts: { build } }));
    const deploying = platform.run("deploy", folder, "--app", "built", "--prod", "--json");
    const newest = async () => {
      const { stdout, exitCode } = await platform.run("list", "built", "--json");
      return exitCode === 0 ? (JSON.parse(stdout) as { state: string }[])[0]?.state : undefined;
    };
    await eventually(newest, (state) => state === "building", 60_000);
    await kill(await pidOf("control"));
    const { exitCode, stdout } = await deploying;
    expect({ exitCode, stdout }).toMatchObject({ exitCode: 0 });
    expect(await newest()).toBe("ready");
    expect((await platform.get("built.localhost", "/")).text()).toBe("built\n");
  }, 180_000);
});

test("a control plane that hangs: visitors are served, and `status` says so instead of hanging too", async () => {
  const pid = await pidOf("control");
  process.kill(pid, "SIGSTOP");
  try {
    await expectServed();
    const { exitCode, stdout } = await platform.run("status");
    expect(exitCode).toBe(1);
    expect(stdout).toContain("Control does not answer");
  } finally {
    process.kill(pid, "SIGCONT");
  }
  await everythingRuns();
}, 60_000);

describe("while the control plane is away", () => {
  const processTable = () =>
    JSON.parse(readFileSync(join(platform.home, "run/processes.json"), "utf8")) as Record<
      string,
      { pid: number } | undefined
    >;
  let keepingDown: ReturnType<typeof setInterval>;
  let instances: number[];

  beforeAll(async () => {
    await expectServed();
    const seen = await eventually(status, (now) => now?.control?.instances !== undefined);
    instances = seen!.control!.instances!.map(({ pid }) => pid);
    keepingDown = setInterval(() => {
      const pid = processTable()["control"]?.pid;
      try {
        if (pid) process.kill(pid, "SIGKILL");
      } catch {
        // Not started again yet.
      }
    }, 5);
  }, 60_000);
  afterAll(() => clearInterval(keepingDown));

  test("apps are served, also by edges, a host and instances that start meanwhile", async () => {
    await expectServed();
    for (const name of ["edge-0", "edge-1", "host"]) await kill(processTable()[name]!.pid);
    for (const pid of instances) if (isAlive(pid)) await kill(pid);
    await eventually(
      () => platform.get(host, "/").then((answer) => answer.text(), String),
      (text) => text === `${lastVersion()} unset`,
    );
    // Both edges, since each gets its share of the connections.
    const edges = new Set<string>();
    await eventually(
      async () => {
        const connection = await platform.get(host, "/.well-known/evenkeel-edge");
        edges.add((connection.json() as { name: string }).name);
        return edges.size;
      },
      (count) => count === 2,
      60_000,
    );
    await expectServed();
  }, 120_000);

  test("commands that need it say so, with a remedy, and `status` shows what runs", async () => {
    const failed = await platform.failing("list", "--json");
    expect(JSON.parse(failed.stdout).error).toMatchObject({
      code: "control_unreachable",
      hint: expect.stringContaining("evenkeel status"),
    });
    const { exitCode, stdout } = await platform.run("status");
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(/host +running/);
    expect(stdout).toContain("apps are served");
  }, 60_000);

  test("deploys go on when it is back", async () => {
    clearInterval(keepingDown);
    await everythingRuns();
    await deployNext();
    await expectServed();
  }, 120_000);
});

describe("uploads", () => {
  test("a deployment's archive that is cut in the middle is not kept and not applied", async () => {
    const archive = Buffer.alloc(3 * 1024 * 1024, "not all of this arrives ");
    const sha256 = createHash("sha256").update(archive).digest("hex");
    const connection = await WireConnection.open(platform.port);
    connection.send(
      `PUT /api/apps/shop/uploads/${sha256}?sizeBytes=${archive.length} HTTP/1.1\r\nHost: localhost:${platform.port}\r\n`,
      `Authorization: Bearer ${platform.token}\r\nContent-Length: ${archive.length}\r\n\r\n`,
      archive.subarray(0, 2 * 1024 * 1024),
    );
    const uploads = join(platform.home, "uploads");
    const before = readdirSync(uploads).filter((name) => name.endsWith(".tar"));
    await eventually(
      () => readdirSync(uploads).length,
      (count) => count > before.length,
    );
    connection.leave();
    await eventually(
      () => readdirSync(uploads).sort(),
      (names) => JSON.stringify(names) === JSON.stringify(before.sort()),
    );
    const wish = { upload: sha256, kind: "source", environment: "production" };
    const refused = await platform.api("POST", "/apps/shop/deployments", wish);
    expect(refused.status).toBeGreaterThanOrEqual(400);
    expect((refused.json() as { error: { code: string } }).error.code).toBe("upload_unknown");
    await expectServed();
  }, 60_000);

  test("a visitor's upload that is cut in the middle is not taken for whole by the function", async () => {
    writePrebuilt(platform.sourceFolder("inbox"), {
      functions: {
        index: `
          const seen = { begun: 0, whole: 0, cut: 0 };
          module.exports = (request, response) => {
            if (request.method !== "POST") return response.json(seen);
            seen.begun++;
            let whole = false;
            request.on("data", () => {});
            request.on("end", () => { whole = true; seen.whole++; response.end(); });
            request.on("close", () => { if (!whole) seen.cut++; });
          };`,
      },
      settings: { shouldAddHelpers: true },
    });
    await platform.deploy(platform.sourceFolder("inbox"), "--prebuilt", "--app", "inbox", "--prod");
    const seen = async () =>
      (await platform.get("inbox.localhost", "/")).json() as { begun: number; whole: number; cut: number };
    for (const framing of ["Content-Length: 2000000", "Transfer-Encoding: chunked"]) {
      const { begun, cut } = await seen();
      const connection = await WireConnection.open(platform.port);
      connection.send(
        `POST / HTTP/1.1\r\nHost: inbox.localhost\r\n${framing}\r\n\r\n`,
        "3e8\r\n",
        "x".repeat(1_000),
      );
      await eventually(seen, (now) => now.begun === begun + 1);
      connection.leave();
      await eventually(seen, (now) => now.cut === cut + 1);
      expect((await seen()).whole).toBe(0);
    }
  }, 60_000);
});

describe("the platform as a whole", () => {
  test("`down` and `up` keep apps, releases and settings", async () => {
    const before = await platform.json<object[]>("list", "shop", "--releases");
    await platform.must("down");
    expect(await platform.get(host, "/").catch(() => undefined)).toBeUndefined();
    const refused = await platform.failing("list", "--json");
    expect([refused.exitCode, JSON.parse(refused.stdout).error.code]).toEqual([69, "platform_not_running"]);
    await platform.must("up", "--detach");
    await expectServed();
    expect(await platform.json<object[]>("list", "shop", "--releases")).toEqual(before);
    await deployNext();
    await expectServed();
  }, 120_000);

  test("everything killed at once: `up` brings back what was served", async () => {
    const { processes, control } = (await everythingRuns())!;
    const guardian = guardianOf(processes.find(({ name }) => name === "supervisor")!.pid!);
    for (const pid of [guardian, ...processes.map((process) => process.pid!)]) await kill(pid);
    for (const { pid } of control?.instances ?? []) if (isAlive(pid)) await kill(pid);
    await platform.must("up", "--detach");
    await expectServed();
    await deployNext();
    await expectServed();
  }, 120_000);

  function guardianOf(supervisor: number): number {
    if (existsSync("/proc/self"))
      return Number(/^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${supervisor}/status`, "utf8"))![1]);
    return Number(Bun.spawnSync(["ps", "-o", "ppid=", "-p", String(supervisor)]).stdout.toString());
  }
});
