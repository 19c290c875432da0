import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isolationMissing } from "@evenkeel/build";
import { isolationReport } from "@evenkeel/host";
import { homeLayout } from "@evenkeel/model";
import { eventually } from "./harness/http.ts";
import { repository, TestPlatform } from "./harness/platform.ts";
import { writePrebuilt } from "./harness/prebuilt.ts";

/** Why this machine cannot isolate; empty: it can. */
const lacking = [
  ...isolationMissing(),
  ...isolationReport(homeLayout("/var/lib/evenkeel-isolation-test")).checks.flatMap(({ name, missing }) =>
    missing === undefined ? [] : [`${name}: ${missing}`],
  ),
];

type Outcome = { done?: unknown; refused?: string; started?: number };

const secret = "known-to-the-platform-alone";
const victimSecret = "known-to-the-victim-alone";

describe.skipIf(lacking.length > 0)("a hostile app", () => {
  let platform: TestPlatform;
  const layout = () => homeLayout(platform.home);

  beforeAll(async () => {
    process.env["PLATFORM_SECRET"] = secret;
    platform = await TestPlatform.start();
    delete process.env["PLATFORM_SECRET"];
    const environment = join(platform.folder, "victim.env");
    writeFileSync(environment, `VICTIM_SECRET=${victimSecret}\n`);
    const victim = writePrebuilt(platform.sourceFolder("victim"), {
      functions: { index: "module.exports = (request, response) => response.end('unharmed');" },
      files: { "kept.txt": "kept" },
    });
    await platform.deploy(victim, "--prebuilt", "--app", "victim", "--prod", "--env-file", environment);
    const hostile = readFileSync(join(repository, "packages/host/testing/hostile-function.cjs"), "utf8");
    const rogue = writePrebuilt(platform.sourceFolder("rogue"), {
      // Answers what is asked without a question, as the smoke test does.
      functions: {
        index: `${hostile}
          const act = module.exports;
          attempts.fetch = async ({ port, path }) => {
            const answer = await fetch("http://127.0.0.1:" + port + path, { headers: { host: "localhost:" + port } });
            return { done: answer.status };
          };
          module.exports = (request, response) => request.url === "/" ? response.end("rogue") : act(request, response);`,
      },
      settings: { memory: 512, maxDuration: 60 },
    });
    await platform.deploy(rogue, "--prebuilt", "--app", "rogue", "--prod");
    await expectUnharmed();
  }, 120_000);
  afterAll(() => platform?.stop(), 60_000);

  const askRogue = (act: string, options: object = {}) =>
    platform.get("rogue.localhost", `/?do=${encodeURIComponent(JSON.stringify({ act, ...options }))}`);
  const attempt = async (act: string, options: object = {}): Promise<Outcome> => {
    const answer = await askRogue(act, options);
    expect([act, answer.status, answer.text()]).toEqual([act, 200, expect.any(String) as never]);
    return answer.json() as Outcome;
  };
  const expectUnharmed = async () => {
    expect((await platform.get("victim.localhost", "/")).text()).toBe("unharmed");
    expect((await platform.get("victim.localhost", "/kept.txt")).text()).toBe("kept");
  };

  test("reads nothing of the platform, of its repository, or of another app", async () => {
    const { home, keys, masterKey, apiToken, artifacts, artifactTrees, git, postgres, logs, run } = layout();
    const trees = readdirSync(artifactTrees).map((name) => join(artifactTrees, name));
    expect(trees.length).toBeGreaterThanOrEqual(2);
    const instances = join(run, "i");
    const paths = [home, keys, masterKey, apiToken, artifacts, ...trees, git, postgres, logs, run, instances];
    const others = [repository, join(repository, "package.json"), platform.folder, "/root", "/etc/shadow"];
    for (const path of [...paths, ...others, "/proc/1/environ", "/proc/1/root/etc/shadow"]) {
      expect({ path, ...(await attempt("read", { path })) }).toEqual({
        path,
        refused: expect.stringMatching(/^(ENOENT|EACCES)$/) as never,
      });
    }
  }, 60_000);

  test("has no variable but its own", async () => {
    const { done } = (await attempt("me")) as { done: { environment: Record<string, string> } };
    expect(done.environment["VERCEL"]).toBe("1");
    const text = JSON.stringify(done.environment);
    for (const hidden of [secret, victimSecret, platform.token, platform.home])
      expect(text).not.toContain(hidden);
  });

  test("reaches no socket of the platform, and the API wants a token of it", async () => {
    const { controlSocket, feedSocket, hostSocket, supervisorSocket, run } = layout();
    const postgres = join(run, "pg/.s.PGSQL.5432");
    for (const path of [controlSocket, feedSocket, hostSocket, supervisorSocket, postgres]) {
      expect({ path, ...(await attempt("connect", { path })) }).toEqual({
        path,
        refused: expect.stringMatching(/^(ENOENT|EACCES)$/) as never,
      });
    }
    expect(await attempt("fetch", { port: platform.port, path: "/api/apps" })).toEqual({ done: 401 });
    expect(
      await attempt("fetch", { port: platform.port, path: "/victim.git/info/refs?service=git-upload-pack" }),
    ).toEqual({
      done: 401,
    });
  });

  test("sees and signals no process but its own, and cannot change its code", async () => {
    const seen = (await attempt("processes")).done as number[];
    const status = await platform.json<{
      processes: { pid: number }[];
      control: { instances: { pid: number }[] };
    }>("status");
    for (const { pid } of [...status.processes, ...status.control.instances]) {
      if (seen.includes(pid)) continue;
      expect(await attempt("signal", { pid, name: "SIGKILL" })).toEqual({ refused: "ESRCH" });
    }
    for (const path of ["/var/task/index.js", "/var/task/new.js"]) {
      expect((await attempt("write", { path })).refused).toMatch(/^(EROFS|EACCES)$/);
    }
    await expectUnharmed();
  }, 60_000);

  test("cannot start processes without end, and others are served meanwhile", async () => {
    const bomb = attempt("bomb", { count: 1_500 });
    let over = false;
    const settled = bomb.finally(() => {
      over = true;
    });
    do await expectUnharmed();
    while (!over);
    expect((await settled).started).toBeLessThan(1_024);
  }, 120_000);

  test("that takes more memory than it may is ended with the reason, and runs again", async () => {
    const devoured = await askRogue("devour");
    expect(devoured.status).toBeGreaterThanOrEqual(500);
    await expectUnharmed();
    expect((await platform.get("rogue.localhost", "/")).text()).toBe("rogue");
    await eventually(
      () => platform.must("logs", "rogue"),
      (logs) => logs.includes("512 MiB of memory"),
    );
  }, 120_000);

  test("that never comes to an end is cut off after its time, ended, and runs again", async () => {
    const source =
      "module.exports = (request, response) => { if (request.url === '/loop') for (;;); response.end('turning'); };";
    const spinner = writePrebuilt(platform.sourceFolder("spinner"), {
      functions: { index: source },
      settings: { maxDuration: 2 },
    });
    await platform.deploy(spinner, "--prebuilt", "--app", "spinner", "--prod");
    const spun = platform.get("spinner.localhost", "/loop");
    await expectUnharmed();
    expect((await spun).status).toBe(504);
    await eventually(
      () => platform.get("spinner.localhost", "/").then((answer) => answer.text()),
      (text) => text === "turning",
      60_000,
    );
    expect(await platform.must("logs", "spinner")).toContain("let nothing else run");
    await expectUnharmed();
  }, 120_000);

  test("finds in its build no secret, no other file and no way out", async () => {
    const { masterKey, apiToken, artifacts, builds, controlSocket, hostSocket } = layout();
    const folder = platform.sourceFolder("builder");
    writeFileSync(
      join(folder, "package.json"),
      JSON.stringify({ private: true, type: "module", scripts: { build: "node build.js" } }),
    );
    writeFileSync(
      join(folder, "build.js"),
      `import fs from "node:fs";
       import net from "node:net";
       import { spawn } from "node:child_process";
       const attempt = (act) => { try { return { done: act() ?? true }; } catch (error) { return { refused: error.code }; } };
       const connect = (path) => new Promise((resolve) => net.connect(path, () => resolve("connected")).on("error", (error) => resolve(error.code)));
       const look = (path) => attempt(() => fs.statSync(path).isDirectory() ? fs.readdirSync(path) : fs.readFileSync(path, "latin1"));
       // Keys of its own, which no page may hold: a deploy that shows them is refused.
       const { OFREP_ENDPOINT, OTEL_EXPORTER_OTLP_HEADERS, ...environment } = process.env;
       const found = {
         uid: process.getuid(),
         environment,
         read: Object.fromEntries(${JSON.stringify([masterKey, apiToken, artifacts, builds, repository, "/root", "/etc/shadow"])}.map((path) => [path, look(path)])),
         sockets: Object.fromEntries(await Promise.all(${JSON.stringify([controlSocket, hostSocket])}.map(async (path) => [path, await connect(path)]))),
         processes: fs.readdirSync("/proc").filter((name) => /^\\d+$/.test(name)).map((pid) => fs.readFileSync("/proc/" + pid + "/cmdline", "latin1")),
         toolchain: ["/evenkeel/node/new", "/evenkeel/vercel/new", "/usr/new", "/etc/passwd"].map((path) => attempt(() => fs.writeFileSync(path, "x"))),
       };
       spawn("sleep", ["86399"], { detached: true, stdio: "ignore" }).unref();
       fs.mkdirSync("public");
       fs.writeFileSync("public/found.json", JSON.stringify(found));`,
    );
    await platform.deploy(folder, "--app", "builder", "--prod");
    const found = (await platform.get("builder.localhost", "/found.json")).json() as {
      uid: number;
      environment: Record<string, string>;
      read: Record<string, Outcome>;
      sockets: Record<string, string>;
      processes: string[];
      toolchain: Outcome[];
    };
    expect(found.uid).not.toBe(0);
    const environment = JSON.stringify(found.environment);
    for (const hidden of [secret, victimSecret, platform.token, platform.home]) {
      expect(environment).not.toContain(hidden);
    }
    for (const [path, outcome] of Object.entries(found.read)) {
      expect([path, outcome]).toEqual([
        path,
        { refused: expect.stringMatching(/^(ENOENT|EACCES)$/) as never },
      ]);
    }
    for (const [path, outcome] of Object.entries(found.sockets)) {
      expect([path, outcome]).toEqual([path, expect.stringMatching(/^(ENOENT|EACCES)$/) as never]);
    }
    expect(found.processes.join("\n")).not.toContain(join(repository, "packages/host"));
    for (const { refused } of found.toolchain) expect(refused).toMatch(/^(EROFS|EACCES)$/);
    // What it left behind is gone with its room.
    await eventually(
      () => runningCommands().filter((command) => command === "sleep\u000086399\u0000"),
      (left) => left.length === 0,
    );
  }, 180_000);

  test("cannot have a file of the platform served by a link in its output", async () => {
    for (const [name, target] of [
      ["absolute", layout().masterKey],
      ["relative", "../../../../../../../../../../../../etc/passwd"],
    ]) {
      const folder = platform.sourceFolder(`linker-${name}`);
      const build = `mkdir public && ln -s ${target} public/key && echo page > public/index.html`;
      writeFileSync(join(folder, "package.json"), JSON.stringify({ private: true, scripts: { build } }));
      const { exitCode, stdout } = await platform.run(
        "deploy",
        folder,
        "--app",
        "linker",
        "--prod",
        "--json",
      );
      if (exitCode !== 0) {
        expect(JSON.parse(stdout).error.message).toContain("key");
        continue;
      }
      const answer = await platform.get("linker.localhost", "/key");
      expect([answer.status, answer.text().includes("root:")]).toEqual([404, false]);
    }
  }, 180_000);
});

test.skipIf(lacking.length === 0)(`is skipped here: ${lacking.join("; ")}`, () => {});

function runningCommands(): string[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        return [readFileSync(`/proc/${pid}/cmdline`, "latin1")];
      } catch {
        return [];
      }
    });
}
