import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { functionTreePath, homeLayout, type RunningInstance } from "@evenkeel/model";
import { get, TestEdge } from "../testing/test-edge.ts";
import { type TestDeployment, TestPlatform } from "../testing/test-platform.ts";
import { until } from "../testing/until.ts";
import { isolationReport } from "./isolation-report.ts";

const limitMs = 120_000;
const hostile = readFileSync(join(import.meta.dir, "../testing/hostile-function.cjs"), "utf8");
const empty = mkdtempSync(join(tmpdir(), "ek-report-"));
const { isolated } = isolationReport(homeLayout(empty));
afterAll(() => rmSync(empty, { recursive: true, force: true }));

/** Whatever an attempt answers with. */
type Outcome = { done?: unknown; refused?: string; size?: number; started?: number };

describe.skipIf(!isolated)("a hostile function", () => {
  let platform: TestPlatform;
  let edge: TestEdge;
  let deployment: TestDeployment;
  let instance: RunningInstance;
  let victim: RunningInstance;
  let victimDeployment: TestDeployment;

  const attempt = async (act: string, options: object = {}, at = instance): Promise<Outcome> =>
    JSON.parse(await get(at, `/?do=${encodeURIComponent(JSON.stringify({ act, ...options }))}`)) as Outcome;
  const deployHostile = (spec: object) =>
    platform.deploy({ files: { "index.js": hostile }, app: "rogue", environment: { MINE: "1" }, spec });

  beforeAll(async () => {
    platform = new TestPlatform();
    await platform.startHost();
    edge = await TestEdge.connect(platform);
    victimDeployment = await platform.deploy({
      files: { "index.js": "module.exports = (req, res) => res.end('victim');" },
      app: "victim",
      environment: { VICTIM_KEY: "victims-secret" },
    });
    victim = await edge.instance(victimDeployment);
    deployment = await deployHostile({ memoryMb: 1_024 });
    instance = await edge.instance(deployment);
  }, limitMs);
  afterAll(async () => {
    edge.close();
    await platform.stop();
  }, limitMs);

  test(
    "has a uid of its own, no capability, no way to new privileges, and only its own environment",
    async () => {
      const { done } = (await attempt("me")) as { done: Record<string, never> };
      const { uid, gid, groups, threads, status, schedulingPolicy, limits, environment, directory } =
        done as never as {
          uid: number;
          gid: number;
          groups: number[];
          threads: string[];
          status: Record<string, string>;
          schedulingPolicy: number;
          limits: string;
          environment: Record<string, string>;
          directory: string;
        };
      const uids = JSON.parse(readFileSync(join(platform.home, "host/uids.json"), "utf8")).apps;
      expect(uid).toBe(uids.rogue);
      expect(uid).not.toBe(uids.victim);
      expect(new Set(threads)).toEqual(new Set([String(uid)]));
      expect(gid).toBe(uid);
      expect(groups.filter((group) => group !== gid)).toEqual([]);
      for (const set of ["CapInh", "CapPrm", "CapEff", "CapAmb"]) expect(status[set]).toMatch(/^0+$/);
      expect(status["NoNewPrivs"]).toBe("1");
      expect(schedulingPolicy).toBe(3);
      expect(limits).toMatch(/Max core file size +0 +0/);
      expect(environment["MINE"]).toBe("1");
      const foreign = Object.keys(environment).filter((name) =>
        /VICTIM|EVENKEEL_HOME|EVENKEEL_RUN/.test(name),
      );
      expect(foreign).toEqual([]);
      expect(directory).toBe("/var/task");
      expect(await attempt("becomeRoot")).toEqual({ refused: "EPERM" });
      expect(await attempt("giveAway")).toEqual({ refused: "EPERM" });
    },
    limitMs,
  );

  test(
    "sees nothing of the platform: no data directory, no keys, no other app's files",
    async () => {
      const { layout } = platform;
      for (const path of [
        layout.home,
        layout.masterKey,
        layout.run,
        functionTreePath(layout, victimDeployment.function),
        "/root",
        "/home",
        "/etc/shadow",
        "/sys/fs/cgroup",
        "/proc/1/environ",
        "/proc/1/root",
        "/proc/1/mem",
      ]) {
        expect({ path, ...(await attempt("read", { path })) }).toEqual({
          path,
          refused: expect.stringMatching(/^(ENOENT|EACCES)$/) as never,
        });
      }
    },
    limitMs,
  );

  test(
    "reaches no socket but its own and the cache's",
    async () => {
      const { layout } = platform;
      for (const path of [layout.hostSocket, layout.feedSocket, layout.controlSocket, victim.socketPath]) {
        expect(await attempt("connect", { path })).toEqual({ refused: "ENOENT" });
      }
      expect(await attempt("read", { path: "/run/evenkeel/cache" })).toEqual({ done: [] });
      expect(await attempt("write", { path: "/run/evenkeel/cache/edge-0.sock" })).toEqual({
        refused: "EROFS",
      });
    },
    limitMs,
  );

  test(
    "sees and signals no process but its own",
    async () => {
      const hostPid = platform.hostProcess!.pid;
      expect((await attempt("processes")).done).toEqual([1, 2]);
      expect(await attempt("signal", { pid: 1, name: "SIGKILL" })).toEqual({ refused: "EPERM" });
      if (hostPid > 2) {
        expect(await attempt("signal", { pid: hostPid, name: "SIGKILL" })).toEqual({ refused: "ESRCH" });
      }
      expect(await attempt("write", { path: "/proc/1/mem" })).toEqual({ refused: "EACCES" });
      expect((await attempt("write", { path: "/proc/sysrq-trigger" })).refused).toMatch(/^(EACCES|ENOENT)$/);
    },
    limitMs,
  );

  test(
    "writes nowhere but to its temporary folder, and mounts nothing",
    async () => {
      for (const path of [
        "/var/task/index.js",
        "/var/task/new",
        "/usr/new",
        "/etc/passwd",
        "/opt/runtime/new",
        "/new",
      ]) {
        expect({ path, ...(await attempt("write", { path })) }).toEqual({
          path,
          refused: expect.stringMatching(/^(EROFS|EACCES)$/) as never,
        });
      }
      for (const path of ["/run/evenkeel/new", "/run/evenkeel/io/s", "/run/evenkeel/io/new"]) {
        expect(await attempt("write", { path })).toEqual({ refused: "EACCES" });
      }
      expect(await attempt("write", { path: "/tmp/mine" })).toEqual({ done: true });
      expect(
        (await attempt("run", { argv: ["mount", "-t", "tmpfs", "none", "/tmp"] })).refused,
      ).toBeDefined();
      expect(
        (await attempt("run", { argv: ["mount", "-o", "remount,rw", "/var/task"] })).refused,
      ).toBeDefined();
      expect((await attempt("run", { argv: ["mknod", "/tmp/disk", "b", "8", "0"] })).refused).toBeDefined();
    },
    limitMs,
  );

  test(
    "cannot fill more than its temporary folder, nor start processes without end",
    async () => {
      const filled = await attempt("fill", { path: "/tmp/big", mebibytes: 600 });
      expect(filled.refused).toBe("ENOSPC");
      expect(filled.size).toBeLessThanOrEqual(512 * 1024 * 1024);
      const bomb = await attempt("bomb", { count: 1_500 });
      expect(bomb.started).toBeLessThan(1_024);
      expect(await get(victim)).toBe("victim");
    },
    limitMs,
  );

  test(
    "that takes more memory than it may is ended, with the reason, and nobody else is",
    async () => {
      const greedy = await deployHostile({ memoryMb: 192 });
      const doomed = await edge.instance(greedy);
      await attempt("devour", {}, doomed).catch(() => {});
      // A look at the right moment may find it nearly full first, and say that it is being replaced.
      await until(() =>
        platform
          .logLines(greedy)
          .some(
            ({ stream, text }) =>
              stream === "platform" && text.includes("used more than its 192 MiB of memory"),
          ),
      );
      expect(await get(victim)).toBe("victim");
    },
    limitMs,
  );

  test(
    "that has used nearly all of its memory is replaced in order",
    async () => {
      const growing = await deployHostile({ memoryMb: 768 });
      const full = await edge.instance(growing);
      expect(await attempt("hold", { mebibytes: 698 }, full)).toEqual({ done: true });
      const next = await until(() => edge.of(growing).find(({ id }) => id !== full.id));
      expect((await attempt("me", {}, next)).done).toBeDefined();
      await until(() => edge.drained.includes(full.id));
    },
    limitMs,
  );

  test(
    "that says it is ready and puts a link in its socket's place is not believed",
    async () => {
      const liar = await platform.deploy({
        app: "rogue",
        files: {
          "index.js": `
            const fs = require("node:fs");
            fs.symlinkSync(${JSON.stringify("../../host.sock")}, "/run/evenkeel/io/s");
            fs.writeSync(4, JSON.stringify({ type: "ready" }) + "\\n");
            for (;;) {}`,
        },
      });
      expect((await edge.failure(liar)).code).toBe("instance_refused");
      expect(edge.of(liar)).toEqual([]);
    },
    limitMs,
  );

  test(
    "that writes nonsense to the host's descriptor harms only itself",
    async () => {
      const noisy = await platform.deploy({
        app: "rogue",
        files: {
          "index.js": `
            require("node:fs").writeSync(4, 'nonsense\\n{"type":"background","pending":-5}\\n[]\\nnull\\n{"type":"failed"}\\n');
            module.exports = (req, res) => res.end("still here");`,
        },
      });
      expect(await get(await edge.instance(noisy))).toBe("still here");
    },
    limitMs,
  );
});

test(
  "without isolation a function runs as a plain child process",
  async () => {
    const platform = new TestPlatform({ EVENKEEL_ISOLATION: "off" });
    try {
      await platform.startHost();
      expect(platform.hostOutput).toContain('"isolation":"plain"');
      const edge = await TestEdge.connect(platform);
      const deployment = await platform.deploy({
        files: { "index.js": "module.exports = (req, res) => res.end(process.env.PLACE);" },
        environment: { PLACE: "outside" },
      });
      expect(await get(await edge.instance(deployment))).toBe("outside");
      edge.close();
    } finally {
      await platform.stop();
    }
  },
  limitMs,
);

test("the report says what is missing and how to get it", () => {
  const report = isolationReport(homeLayout(empty));
  for (const check of report.checks) {
    expect(check.name).not.toBe("");
    if (!check.ok) expect([check.missing, check.remedy]).toEqual([expect.any(String), expect.any(String)]);
  }
  expect(report.isolated).toBe(report.checks.every(({ ok }) => ok));
});
