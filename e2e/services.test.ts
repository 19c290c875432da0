import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Trace } from "@evenkeel/control";
import { eventually } from "./harness/http.ts";
import { Load, loadedHandler } from "./harness/load.ts";
import { type Deployed, repository, TestPlatform } from "./harness/platform.ts";
import { writePrebuilt } from "./harness/prebuilt.ts";

interface Report {
  name: string;
  state: string;
  pid?: number;
  deployment: string;
  memoryLimitBytes: number;
}

const host = "shop.localhost";
const limitMs = 180_000;
let platform: TestPlatform;
let source: string;
let first: Deployed;

const deployShop = (...options: string[]) => platform.deploy(source, "--app", "shop", "--prod", ...options);
const buildLog = (id: string) => platform.must("logs", "shop", "--build", id);
const logOf = async (process: string, app = "shop"): Promise<string[]> => {
  const lines = (await platform.must("logs", app, "--json")).trim().split("\n");
  return lines
    .map((line) => JSON.parse(line) as { process?: string; text: string })
    .filter((line) => line.process === process)
    .map((line) => line.text);
};
const processes = async (app = "shop"): Promise<Report[]> =>
  (await platform.json<{ processes: Report[] }>("ps", app)).processes;
const upNames = async (app = "shop") =>
  (await processes(app)).filter(({ state }) => state === "up").map(({ name }) => name);
/** Each worker's beginnings and ends in their order: never two at once. */
const eventsOf = async (worker: string) =>
  (await logOf(worker)).filter((line) => /^\S+ (begins|ends)$/.test(line)).map((line) => line.split(" ")[1]);

async function version(name: string): Promise<void> {
  await Bun.write(join(source, "src/handler.js"), loadedHandler(name));
}

beforeAll(async () => {
  platform = await TestPlatform.start();
  source = platform.copyFixture("procfile-app");
  const environment = join(platform.folder, "production.env");
  await Bun.write(environment, 'SETTING="from the environment"\n');
  await version("one");
  first = await deployShop("--env-file", environment);
}, 600_000);
afterAll(() => platform?.stop(), 60_000);

describe("a Procfile app", () => {
  test(
    "is built as on Heroku, and its web process answers behind the edge with the whole app around it",
    async () => {
      const answer = await platform.get(host, "/place");
      expect(answer.json()).toMatchObject({
        dyno: "web.1",
        node: expect.stringMatching(/^v24\./),
        ...{ cwd: "/app", home: "/app", setting: "from the environment" },
        upload: "kept as long as the process",
        packages: { ws: true, mri: false },
        headers: { host: `${host}:${platform.port}`, "x-forwarded-proto": "http" },
      });
      expect(answer.headers["cache-control"]).toBe("s-maxage=60");
      expect(answer.headers["x-evenkeel-deployment"]).toBe(first.id);
      const { stdout } = await eventually(
        () => platform.run("trace", String(answer.headers["x-vercel-id"]), "--json"),
        ({ exitCode }) => exitCode === 0,
      );
      const [root] = (JSON.parse(stdout) as Trace).roots;
      expect(root!.span).toMatchObject({ service: "edge", name: "GET /place" });
      const web = root!.children.find(({ span }) => span.service === "web")!;
      expect(web.span).toMatchObject({ kind: "server", name: "GET /place", status: "unset" });
      const log = await buildLog(first.id);
      for (const line of [
        "Installing with npm",
        "built into dist with [SETTING]",
        "Removing dev dependencies",
        "Release phase: node dist/release.js",
        "releasing [SETTING]",
      ])
        expect(log).toContain(line);
      // As at Heroku: one web process and no other until somebody says so.
      expect(await upNames()).toEqual(["web.1"]);
    },
    limitMs,
  );

  test(
    "speaks WebSocket through the edge",
    async () => {
      const socket = new WebSocket(`ws://127.0.0.1:${platform.port}/`, {
        headers: { host: `${host}:${platform.port}` },
      } as never);
      const heard = Promise.withResolvers<string>();
      socket.onopen = () => socket.send("a word");
      socket.onmessage = ({ data }) => heard.resolve(String(data));
      socket.onerror = () => heard.reject(new Error("The WebSocket failed"));
      expect(await heard.promise).toBe("web.1 heard a word");
      socket.close();
    },
    limitMs,
  );

  test(
    "is scaled, restarted, deployed anew and rolled back under load without a failed request, and no worker runs twice",
    async () => {
      const load = new Load(platform.port, host, "one");
      try {
        await platform.must("scale", "shop", "web=2", "worker=1:256MB");
        await eventually(upNames, (names) => names.join() === "web.1,web.2,worker.1");
        const before = await processes();
        expect(before.find(({ name }) => name === "worker.1")!.memoryLimitBytes).toBe(256 * 1024 * 1024);
        await platform.must("ps", "restart", "shop");
        const after = await eventually(
          processes,
          (all) => all.filter((one) => one.state === "up").length === 3,
        );
        for (const { name, pid } of after) expect(pid).not.toBe(before.find((one) => one.name === name)!.pid);

        await version("two");
        load.mayAnswer("two");
        const second = await deployShop();
        load.onlyAnswers("two");
        await eventually(
          processes,
          (all) => all.length === 3 && all.every((one) => one.deployment === second.id),
        );
        load.mayAnswer("one");
        await platform.must("rollback", "shop");
        load.onlyAnswers("one");
        await eventually(
          processes,
          (all) => all.length === 3 && all.every((one) => one.deployment === first.id),
        );
      } finally {
        await load.stop();
      }
      expect(load.failures).toEqual([]);
      expect(load.answered.kept).toBeGreaterThan(50);
      await eventually(
        () => eventsOf("worker.1"),
        (events) => events.join() === "begins,ends,begins,ends,begins,ends,begins",
      );
      const audit = await platform.api("GET", "/audit?app=shop");
      expect(audit.text()).toContain('"process.scale"');
      expect(audit.text()).toContain('"process.restart"');
    },
    limitMs,
  );

  test(
    "a release phase that fails leaves what was live",
    async () => {
      await version("three");
      const environment = join(platform.folder, "failing.env");
      await Bun.write(environment, "RELEASE_EXIT=4\n");
      const failed = await platform.failing(
        "deploy",
        source,
        "--app",
        "shop",
        "--prod",
        "--env-file",
        environment,
      );
      expect(failed.stderr).toContain("The release phase failed: node dist/release.js exited with status 4");
      expect((await platform.get(host, "/")).headers["x-version"]).toBe("one");
      expect(await upNames()).toEqual(["web.1", "web.2", "worker.1"]);
    },
    limitMs,
  );

  test(
    "one-off commands have the app's files, variables, input and exit code",
    async () => {
      const plain = await platform.run("run", "shop", "--", 'node -p "process.env.SETTING"; pwd; exit 5');
      expect([plain.exitCode, plain.stdout]).toEqual([5, "from the environment\n/app\n"]);
      const words = await platform.run("run", "shop", "--", "node", "-e", "console.error('to stderr $HOME')");
      expect([words.exitCode, words.stdout, words.stderr]).toEqual([0, "", "to stderr $HOME\n"]);
      const input = Buffer.alloc(300_000, "line of input\n");
      const child = Bun.spawn([join(import.meta.dir, "../evenkeel"), "run", "shop", "--", "sha256sum"], {
        env: { ...process.env, EVENKEEL_HOME: platform.home },
        stdin: input,
        stdout: "pipe",
      });
      const sum = await new Response(child.stdout).text();
      expect(sum).toBe(`${createHash("sha256").update(input).digest("hex")}  -\n`);
      expect(await child.exited).toBe(0);
    },
    limitMs,
  );

  test(
    "a one-off command from a terminal has one: size, keys, Ctrl-C and exit code",
    async () => {
      let seen = "";
      const terminal = new Bun.Terminal({
        ...{ cols: 91, rows: 33, name: "xterm-256color" },
        data: (_, chunk) => {
          seen += Buffer.from(chunk).toString();
        },
      });
      const shows = (text: string) =>
        eventually(
          () => seen,
          (now) => now.includes(text),
        );
      const command =
        "test -t 0 && echo $TERM $(stty size); trap 'echo resized to $(stty size)' WINCH; read a; echo read $a; trap 'echo stopped; exit 7' INT; echo waiting; while :; do sleep 0.1; done";
      // Its own session, to which the terminal belongs: only there does a change of its size become a signal.
      const child = Bun.spawn(
        ["setsid", "-c", "-w", join(repository, "evenkeel"), "run", "shop", "--", command],
        {
          env: { ...process.env, EVENKEEL_HOME: platform.home, TERM: "xterm-256color" },
          terminal,
        },
      );
      try {
        await shows("xterm-256color 33 91");
        terminal.write("typed\r");
        await shows("read typed");
        await shows("waiting");
        terminal.resize(120, 40);
        await shows("resized to 40 120");
        terminal.write("\x03");
        await shows("stopped");
        expect(await child.exited).toBe(7);
      } finally {
        child.kill("SIGKILL");
        terminal.close();
      }
    },
    limitMs,
  );

  test(
    "goes on while control is away, and after the host was killed nothing runs twice",
    async () => {
      const before = await processes();
      for (const name of ["control", "host"]) process.kill(pidOf(name), "SIGKILL");
      expect((await platform.get(host, "/")).headers["x-version"]).toBe("one");
      const after = await eventually(
        async () => (await platform.run("ps", "shop", "--json")).stdout,
        (text) => text.includes('"up"') && JSON.parse(text).processes.length === 3,
      );
      const all = (JSON.parse(after) as { processes: Report[] }).processes;
      expect(all.map(({ name, pid }) => `${name} ${pid}`)).toEqual(
        before.map(({ name, pid }) => `${name} ${pid}`),
      );
      expect((await eventsOf("worker.1")).at(-1)).toBe("begins");
      expect((await platform.get(host, "/")).headers["x-version"]).toBe("one");
    },
    limitMs,
  );
});

describe("other apps with processes", () => {
  test(
    "a static output and a web process share an app: files first, the rest goes to web",
    async () => {
      const folder = platform.sourceFolder("both");
      await Bun.write(
        join(folder, "vercel.json"),
        '{"rewrites":[{"source":"/app/(.*)","destination":"/index.html"}]}',
      );
      await Bun.write(join(folder, "public/index.html"), "<h1>the front end</h1>");
      await Bun.write(join(folder, "public/assets/a.js"), "front()");
      await Bun.write(join(folder, "api-server.js"), server('"api " + request.method + " " + request.url'));
      await Bun.write(join(folder, "Procfile"), "web: node api-server.js\n");
      await platform.deploy(folder, "--app", "both", "--prod");
      const both = "both.localhost";
      expect((await platform.get(both, "/")).text()).toContain("the front end");
      expect((await platform.get(both, "/app/deep/link")).text()).toContain("the front end");
      expect((await platform.get(both, "/assets/a.js")).text()).toBe("front()");
      expect((await platform.get(both, "/api/users?page=2")).text()).toBe("api GET /api/users?page=2");
      expect((await platform.ask(both, "/api/users", { method: "POST", body: "{}" })).text()).toBe(
        "api POST /api/users",
      );
    },
    limitMs,
  );

  test(
    "an app without web has workers alone, and its address says that there is nothing",
    async () => {
      const folder = platform.sourceFolder("jobs");
      await Bun.write(
        join(folder, "Procfile"),
        "clock: trap 'echo clock ends; exit' TERM; echo clock begins; while :; do sleep 0.1; done\n",
      );
      await platform.deploy(folder, "--app", "jobs", "--prod");
      expect((await platform.get("jobs.localhost", "/")).status).toBe(404);
      const unknown = await platform.failing("scale", "jobs", "web=1");
      expect(unknown.stderr).toContain('jobs has no process type "web" in production');
      await platform.must("scale", "jobs", "clock=1");
      await eventually(
        () => logOf("clock.1", "jobs"),
        (lines) => lines.includes("clock begins"),
      );
      await platform.must("scale", "jobs", "clock=0");
      await eventually(
        () => logOf("clock.1", "jobs"),
        (lines) => lines.includes("clock ends"),
      );
      await eventually(
        () => processes("jobs"),
        (all) => all.length === 0,
      );
    },
    limitMs,
  );

  test(
    "what is wrong is said with file, line and remedy, and changes nothing",
    async () => {
      const folder = platform.sourceFolder("wrong");
      const refused = async (files: Record<string, string>) => {
        rmSync(folder, { recursive: true, force: true });
        for (const [path, text] of Object.entries(files)) await Bun.write(join(folder, path), text);
        return (await platform.failing("deploy", folder, "--app", "wrong", "--prod")).stderr;
      };
      const tab = await refused({ Procfile: "# x\nweb:\tnode a.js\n" });
      expect(tab).toContain('Procfile, line 2: a tab stands after "web:"');
      expect(tab).toContain("Put a space there.");
      const packages = await refused({
        Procfile: "web: node a.js\n",
        Aptfile: "coreutils\nno-such-package-ocr\n",
      });
      expect(packages).toContain(
        "This machine lacks system packages that the Aptfile names: no-such-package-ocr",
      );
      expect(packages).toContain("apt-get install no-such-package-ocr");
      const crashed = await refused({ Procfile: "web: echo cannot begin >&2; exit 9\n" });
      expect(crashed).toContain("web.1 exited with status 9 before it listened on $PORT");
      expect(crashed).toContain("cannot begin");
      const failing = await refused({
        Procfile: "web: node a.js\n",
        "package.json": '{"name":"wrong","scripts":{"heroku-postbuild":"echo compiling; exit 6"}}',
      });
      expect(failing).toContain("The build failed with exit code 6");
      expect((await platform.get("wrong.localhost", "/")).status).toBe(404);
    },
    limitMs,
  );

  test(
    "an app moves from functions to a Procfile and back",
    async () => {
      const folder = platform.sourceFolder("moving");
      writePrebuilt(folder, { functions: { index: 'module.exports = (q, r) => r.end("function")' } });
      await platform.deploy(folder, "--app", "moving", "--prod", "--prebuilt");
      expect((await platform.get("moving.localhost", "/")).text()).toBe("function");
      rmSync(join(folder, ".vercel"), { recursive: true });
      await Bun.write(join(folder, "Procfile"), "web: node s.js");
      await Bun.write(join(folder, "s.js"), server('"process"'));
      await platform.deploy(folder, "--app", "moving", "--prod");
      expect((await platform.get("moving.localhost", "/")).text()).toBe("process");
      await platform.must("rollback", "moving");
      expect((await platform.get("moving.localhost", "/")).text()).toBe("function");
      await eventually(
        () => platform.run("ps", "moving", "--json"),
        ({ stdout }) => stdout.includes('"processes":[]'),
      );
    },
    limitMs,
  );
});

const server = (answer: string): string =>
  `require("node:http").createServer((request, response) => response.end(${answer})).listen(process.env.PORT);`;

/** Of a process of the platform. */
function pidOf(name: string): number {
  const table = JSON.parse(readFileSync(join(platform.home, "run/processes.json"), "utf8"));
  return (table as Record<string, { pid: number }>)[name]!.pid;
}

test(
  "a prebuilt output brings its Procfile, its flags and the schema of its variables",
  async () => {
    const folder = writePrebuilt(platform.sourceFolder("complete"), {
      config: { routes: [{ handle: "filesystem" }] },
      files: { "index.html": "static" },
    });
    const put = (files: Record<string, string>) =>
      Promise.all(Object.entries(files).map(([name, text]) => Bun.write(join(folder, name), text)));
    await put({
      Procfile: "web: node web.js",
      "web.js": `require("node:http").createServer((_, answer) => answer.end("from web")).listen(process.env.PORT);`,
      "package.json": JSON.stringify({ name: "complete", private: true }),
      "flags.flagd.json": JSON.stringify({
        flags: { NEW: { state: "ENABLED", variants: { on: true, off: false }, defaultVariant: "on" } },
      }),
      "env.ts": `import { check } from "./check";
        export default { "~standard": { version: 1, vendor: "own", validate: check } };`,
      "check.ts": `export const check = (value: Record<string, string>) => value["LIMIT"] === "5"
        ? { value } : { issues: [{ message: "has to be five", path: ["LIMIT"] }] };`,
    });
    const words = ["deploy", folder, "--app", "complete", "--prebuilt", "--prod"];
    expect((await platform.failing(...words)).stderr).toContain("LIMIT: has to be five");
    await platform.must("env", "set", "complete", "LIMIT=5");
    await platform.must(...words);
    expect((await platform.get("complete.localhost", "/")).text()).toBe("static");
    expect((await platform.get("complete.localhost", "/other")).text()).toBe("from web");
    expect(await platform.must("flags", "ls", "complete")).toContain("NEW");
  },
  limitMs,
);
