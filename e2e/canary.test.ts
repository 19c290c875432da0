import { afterAll, beforeAll, expect, test } from "bun:test";
import { eventually } from "./harness/http.ts";
import { Load, loadedHandler } from "./harness/load.ts";
import { type CommandResult, TestPlatform } from "./harness/platform.ts";
import { writePrebuilt } from "./harness/prebuilt.ts";

interface Canary {
  deployment: string;
  state: string;
  step: number;
  waitsFor?: string;
  endedBy?: string;
  comparison?: { verdict: string };
}

interface Status {
  processes: { name: string; pid: number; state: string }[];
}

const limitMs = 240_000;
const host = "shop.localhost";
let platform: TestPlatform;
beforeAll(async () => {
  platform = await TestPlatform.start();
}, 120_000);
afterAll(() => platform?.stop(), 60_000);

function writeVersion(version: string, handler = loadedHandler(version)): string {
  return writePrebuilt(platform.sourceFolder(`shop-${version}`), { functions: { index: handler } });
}

const deploy = (version: string, canary?: string, handler?: string): Promise<CommandResult> =>
  platform.run(
    ...["deploy", writeVersion(version, handler), "--prebuilt", "--app", "shop", "--prod"],
    ...(canary === undefined ? [] : ["--canary", canary]),
  );

const status = () => platform.json<Canary>("canary", "status", "shop");
const untilStep = (step: number) =>
  eventually(status, (canary) => canary?.state === "running" && canary.step === step);
const pidOf = async (name: string) =>
  (await platform.json<Status>("status")).processes.find((process) => process.name === name)!.pid;

/** People with browsers of their own, who look again and again; what each of them saw, without repetitions. */
class Visitors {
  readonly seen: string[][];
  readonly failures: string[] = [];
  private stopping = false;
  private readonly loops: Promise<void>[];

  constructor(count: number) {
    this.seen = Array.from({ length: count }, () => []);
    this.loops = this.seen.map((seen, number) => this.look(seen, number));
  }

  async stop(): Promise<void> {
    this.stopping = true;
    await Promise.all(this.loops);
  }

  private async look(seen: string[], number: number): Promise<void> {
    let cookie: string | undefined;
    while (!this.stopping) {
      try {
        const headers = { accept: "text/html", "user-agent": `person ${number}`, ...(cookie && { cookie }) };
        const answer = await platform.get(host, "/", headers);
        cookie = answer.headers["set-cookie"]?.toString().split(";")[0] ?? cookie;
        const version = String(answer.headers["x-version"]);
        if (answer.status !== 200) this.failures.push(`${answer.status} of ${version}`);
        else if (seen.at(-1) !== version) seen.push(version);
      } catch (error) {
        // The edge that was killed took its connections along; which those were is not known here.
        if (!/ECONN|EPIPE|socket hang up/.test(String(error))) this.failures.push(String(error));
      }
      await Bun.sleep(30);
    }
  }
}

test(
  "a canary under load: no request fails and nobody goes to and fro, through steps, a restarted edge and a killed control plane",
  async () => {
    expect((await deploy("v1")).exitCode).toBe(0);
    const visitors = new Visitors(24);
    const load = new Load(platform.port, host, "v1", ["kept", "fresh", "events", "upload"]);
    load.mayAnswer("v2");
    const second = deploy("v2", "25% until promoted, 60% until promoted");
    try {
      await untilStep(1);
      expect(await platform.must("list", "shop", "--releases")).toContain("25 % of the visitors");
      await eventually(
        () => visitors.seen.filter((seen) => seen.includes("v2")).length,
        (count) => count > 0,
      );
      const aside = visitors.seen.filter((seen) => !seen.includes("v2")).length;
      expect(aside).toBeGreaterThan(0);
      await platform.must("canary", "promote", "shop", "--step");
      await untilStep(2);
      // Connections that wait to be accepted by the old process may be lost with it; nothing else may.
      await load.disturb(() => platform.must("restart", "edge-0"));
      const control = await pidOf("control");
      process.kill(control, "SIGKILL");
      // Serving goes on meanwhile, split as it was.
      await eventually(
        () => platform.run("canary", "status", "shop", "--json"),
        ({ exitCode, stdout }) => exitCode === 0 && JSON.parse(stdout).step === 2,
      );
      expect(await pidOf("control")).not.toBe(control);
      await platform.must("canary", "promote", "shop");
      const deployed = await second;
      expect(deployed.stderr).toContain("Step 2 of 2: 60 % of the visitors");
      expect(deployed.exitCode).toBe(0);
      load.onlyAnswers("v2");
      await eventually(
        () => visitors.seen.every((seen) => seen.at(-1) === "v2"),
        (all) => all,
      );
    } finally {
      await Promise.all([load.stop(), visitors.stop()]);
    }
    expect(load.failures).toEqual([]);
    expect(visitors.failures).toEqual([]);
    for (const seen of visitors.seen) expect(["v1 v2", "v2"]).toContain(seen.join(" "));
    expect(await status()).toMatchObject({ state: "done" });
  },
  limitMs,
);

test(
  "an abort gives all visitors back in one switch, and a rollback in steps brings them to the version before",
  async () => {
    const load = new Load(platform.port, host, "v2", ["kept", "fresh", "events", "upload"]);
    try {
      load.mayAnswer("v3");
      const third = deploy("v3", "50% for 1 hour");
      await untilStep(1);
      await platform.must("canary", "abort", "shop", "-m", "not today");
      load.onlyAnswers("v2");
      const aborted = await third;
      expect(aborted.exitCode).toBe(1);
      expect(aborted.stderr).toMatch(
        /ready, and not released: The canary of \w+ was aborted by admin: not today/,
      );
      load.mayAnswer("v1");
      await platform.must("rollback", "shop", "--canary", "50% for 2 seconds");
      await eventually(status, (canary) => canary.state === "done");
      load.onlyAnswers("v1");
      await eventually(
        () => Object.values(load.answered).every((count) => count > 1),
        (enough) => enough,
      );
    } finally {
      await load.stop();
    }
    expect(load.failures).toEqual([]);
    expect(load.cut).toBe(0);
  },
  limitMs,
);

test(
  "a version that fails its visitors is taken back by itself",
  async () => {
    const failing = `module.exports = (request, response) => {
      response.statusCode = request.headers["user-agent"] === "evenkeel-probe" ? 200 : 500;
      response.setHeader("x-version", "v4");
      response.end("v4");
    };`;
    const visitors = new Visitors(16);
    try {
      const result = await deploy("v4", "50% for 1 hour", failing);
      expect(result.exitCode).toBe(1);
      expect(result.stderr).toContain("fails more often");
      expect(await status()).toMatchObject({ state: "aborted", endedBy: "platform" });
      const before = visitors.failures.length;
      expect(before).toBeGreaterThanOrEqual(5);
      for (let number = 0; number < 50; number++)
        expect(
          (await platform.get(host, "/", { "user-agent": `later ${number}` })).headers["x-version"],
        ).toBe("v1");
    } finally {
      await visitors.stop();
    }
    expect(new Set(visitors.failures)).toEqual(new Set(["500 of v4"]));
  },
  limitMs,
);
