import { afterEach, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { type ErrorJson, functionTreePath, type HostToRunner, type RunnerToHost } from "@evenkeel/model";
import { connectForMessages } from "@evenkeel/wire";
import { TestEdge } from "../testing/test-edge.ts";
import { type TestDeployment, TestPlatform } from "../testing/test-platform.ts";
import { until } from "../testing/until.ts";

const limitMs = 90_000;
let platform: TestPlatform;
afterEach(async () => {
  await platform?.stop();
}, limitMs);

async function start(environment: Record<string, string> = {}): Promise<void> {
  platform = new TestPlatform({ EVENKEEL_STOP_TIMEOUT: "2s", ...environment });
  await platform.startHost();
}

/** Answers with its name, its process id and what it sees of its place. */
const server = `
  const { writeFileSync, readFileSync } = require("node:fs");
  writeFileSync("written.txt", "by " + process.env.DYNO);
  require("node:http").createServer((request, response) => {
    response.end(JSON.stringify({
      dyno: process.env.DYNO, pid: process.pid, cwd: process.cwd(), secret: process.env.SECRET,
      lines: process.env.LINES_OF_IT, written: readFileSync("written.txt", "utf8"), uid: process.getuid(),
    }));
  }).listen(process.env.PORT);`;

/** Each line is an event of one process, in the order in which they happened. */
const worker = `
  console.log("began " + process.env.DYNO);
  process.on("SIGTERM", () => { console.log("ended " + process.env.DYNO); process.exit(0); });
  setInterval(() => {}, 1000);`;

const said = (deployment: TestDeployment) => platform.logLines(deployment).map(({ text }) => text);
const sees = (deployment: TestDeployment, text: string) =>
  until(() => said(deployment).some((line) => line.includes(text)), `"${text}" in the log`);
const states = async () => (await platform.processes()).map(({ name, state }) => `${name} ${state}`);
const isolated = process.platform === "linux" && process.getuid?.() === 0;

async function ask(port: number | undefined): Promise<Record<string, unknown>> {
  return (await (await fetch(`http://127.0.0.1:${port}/`, { keepalive: false })).json()) as never;
}

test(
  "web processes listen on ports of their own, see the app's folder and environment, and write what is gone with them",
  async () => {
    await start();
    const deployment = await platform.deployServices({
      processes: { web: "node server.js", worker: "node worker.js" },
      files: { "server.js": server, "worker.js": worker },
      formation: { web: 2 },
      environment: {
        SECRET: "$(id) `id` 'x' \"y\" \\\\ =",
        LINES_OF_IT: "one\ntwo\n\n",
        LD_PRELOAD: "/nowhere.so",
      },
    });
    const edge = await TestEdge.connect(platform);
    expect((await platform.ask({ type: "prepare", deployment: deployment.id })).error).toBeUndefined();
    const instances = await until(() => edge.of(deployment).length === 2 && edge.of(deployment));
    const answers = await Promise.all(instances.map(({ port }) => ask(port)));
    expect(answers.map(({ dyno }) => dyno).sort()).toEqual(["web.1", "web.2"]);
    for (const { dyno, secret, lines, written, uid } of answers) {
      expect([secret, lines]).toEqual(["$(id) `id` 'x' \"y\" \\\\ =", "one\ntwo\n\n"]);
      expect(written).toBe(`by ${dyno}`);
      if (isolated) expect(uid).toBeGreaterThan(0);
    }
    const [slug] = readdirSync(platform.layout.artifactTrees);
    expect(readdirSync(functionTreePath(platform.layout, slug!)).sort()).toEqual(["server.js", "worker.js"]);
    // Without a release no worker runs.
    expect(await states()).toEqual(["web.1 up", "web.2 up"]);
    edge.close();
  },
  limitMs,
);

test(
  "a web process that does not listen, ends, or has no command's program is told with its last words",
  async () => {
    await start({ EVENKEEL_BOOT_TIMEOUT: "1500ms" });
    const failure = async (web: string): Promise<ErrorJson> => {
      const { id } = await platform.deployServices({ processes: { web }, formation: { web: 1 } });
      return (await platform.ask({ type: "prepare", deployment: id })).error!;
    };
    const silent = await failure("echo waiting for nothing >&2; sleep 100");
    expect(silent).toMatchObject({
      code: "process_boot_timeout",
      message: "web.1 did not listen on $PORT within 1.5 s\nwaiting for nothing",
      hint: expect.stringContaining("0.0.0.0"),
    });
    const ended = await failure("echo no such setting >&2; exit 3");
    expect(ended).toMatchObject({
      code: "process_exited",
      message: "web.1 exited with status 3 before it listened on $PORT\nno such setting",
    });
    expect(await failure("no-such-program")).toMatchObject({ code: "process_exited" });
    // It leaves a child behind and goes: the child goes with it.
    expect(await failure("sleep 100 & exit 0")).toMatchObject({ code: "process_exited" });
    await until(async () => (await platform.processes()).length === 0);
  },
  limitMs,
);

test(
  "workers run for the released deployment alone, and the next one's wait for the last one's end",
  async () => {
    await start();
    const deploy = () =>
      platform.deployServices({
        processes: { worker: "node worker.js", stubborn: "trap '' TERM; sleep 1000" },
        files: { "worker.js": worker },
        formation: { worker: 2, stubborn: 1 },
      });
    const first = await deploy();
    await platform.release(first);
    await sees(first, "began worker.2");
    const second = await deploy();
    expect(said(second)).toEqual([]);
    await platform.release(second);
    await sees(second, "began worker.1");
    await sees(second, "began worker.2");
    await sees(first, "they did not end within 2 s");
    const times = (deployment: TestDeployment, text: string) =>
      platform
        .logLines(deployment)
        .filter((line) => line.text.startsWith(text))
        .map(({ atMs }) => atMs);
    expect(times(first, "ended worker")).toHaveLength(2);
    expect(Math.max(...times(first, "ended worker"))).toBeLessThanOrEqual(
      Math.min(...times(second, "began worker")),
    );
    await until(async () => (await states()).join() === "stubborn.1 up,worker.1 up,worker.2 up");
    await platform.scale(second, { worker: 0, stubborn: 0 });
    await until(async () => (await states()).length === 0);
  },
  limitMs,
);

test(
  "a crash is followed by a start at once, a second one by a wait that is told",
  async () => {
    await start();
    const deployment = await platform.deployServices({
      processes: { worker: "echo round; exit 7" },
      formation: { worker: 1 },
    });
    await platform.release(deployment);
    const [report] = await until(async () => {
      const all = await platform.processes();
      return all[0]?.nextStartAtMs !== undefined && all;
    });
    expect(report).toMatchObject({
      state: "waiting",
      restarts: 2,
      lastFailure: { code: "process_exited", message: "worker.1 exited with status 7" },
    });
    await until(() => said(deployment).filter((line) => line === "round").length === 2);
  },
  limitMs,
);

test(
  "a restart puts a new web process beside the old one first, and a worker after it",
  async () => {
    await start();
    const deployment = await platform.deployServices({
      processes: { web: "node server.js", worker: "node worker.js" },
      files: { "server.js": server, "worker.js": worker },
      formation: { web: 1, worker: 1 },
    });
    const edge = await TestEdge.connect(platform);
    await platform.release(deployment);
    const [before] = await until(() => edge.of(deployment).length === 1 && edge.of(deployment));
    await sees(deployment, "began worker.1");
    const refused = await platform.ask({
      type: "restart",
      app: deployment.app,
      environment: "production",
      process: "clock",
    });
    expect(refused.error?.code).toBe("process_unknown");
    const done = await platform.ask({ type: "restart", app: deployment.app, environment: "production" });
    expect(done.error).toBeUndefined();
    const [after] = edge.of(deployment);
    expect(after!.id).not.toBe(before!.id);
    expect(edge.drained).toContain(before!.id);
    expect((await ask(after!.port))["dyno"]).toBe("web.1");
    const events = () => said(deployment).filter((line) => line.includes("worker.1"));
    await until(() => events().join() === "began worker.1,ended worker.1,began worker.1");
    edge.close();
  },
  limitMs,
);

test(
  "processes go on when the host is killed; the next one takes them up and starts none a second time",
  async () => {
    await start();
    const deployment = await platform.deployServices({
      processes: { web: "node server.js", worker: "node talking.js" },
      files: { "server.js": server, "talking.js": `${worker} setInterval(() => console.log("tick"), 20);` },
      formation: { web: 1, worker: 1 },
    });
    const edge = await TestEdge.connect(platform);
    await platform.release(deployment);
    const [web] = await until(() => edge.of(deployment).length === 1 && edge.of(deployment));
    await sees(deployment, "tick");
    const { pid } = (await ask(web!.port)) as { pid: number };
    await platform.stopHost("SIGKILL");
    expect((await ask(web!.port))["pid"]).toBe(pid);
    await platform.startHost();
    const again = await TestEdge.connect(platform);
    const [known] = await until(() => again.of(deployment).length === 1 && again.of(deployment));
    expect(known!.id).toBe(web!.id);
    expect((await ask(known!.port))["pid"]).toBe(pid);
    const ticks = said(deployment).length;
    await until(() => said(deployment).length > ticks + 5);
    expect(said(deployment).filter((line) => line.startsWith("began"))).toHaveLength(1);
    await platform.scale(deployment, { worker: 0, web: 0 });
    await sees(deployment, "ended worker.1");
    await until(async () => (await states()).length === 0);
    expect(readdirSync(join(platform.layout.run, "services"))).toEqual([]);
    edge.close();
    again.close();
  },
  limitMs,
);

interface Ran {
  stdout: string;
  stderr: string;
  last: HostToRunner;
}

async function run(
  deployment: TestDeployment,
  command: string | string[],
  input?: string,
  limit?: number,
): Promise<Ran> {
  const connection = await connectForMessages<HostToRunner, RunnerToHost>(platform.layout.hostSocket);
  const seen = { stdout: "", stderr: "" };
  const last = Promise.withResolvers<HostToRunner>();
  connection.onMessage = (message) => {
    if (message.type === "output") seen[message.stream] += Buffer.from(message.base64, "base64").toString();
    else last.resolve(message);
  };
  connection.send({ type: "hello", role: "runner" });
  const wish = { deployment: deployment.id, command: [command].flat(), name: "run.test", memoryMb: 256 };
  connection.send({ type: "run", ...wish, ...(limit === undefined ? {} : { limitMs: limit }) });
  if (input !== undefined) connection.send({ type: "input", base64: Buffer.from(input).toString("base64") });
  connection.send({ type: "endInput" });
  const ended = await last.promise;
  connection.close();
  return { ...seen, last: ended };
}

test(
  "a one-off command has the app's folder and environment, its input, its exit code, and a limit",
  async () => {
    await start();
    const deployment = await platform.deployServices({
      processes: { web: "node server.js" },
      files: { "data.txt": "of the app\n" },
      environment: { SETTING: "set" },
    });
    const simple = await run(
      deployment,
      'cat data.txt - && echo "$SETTING $DYNO" && echo bad >&2; exit 42',
      "typed\n",
    );
    expect(simple).toEqual({
      stdout: "of the app\ntyped\nset run.test\n",
      stderr: "bad\n",
      last: { type: "ended", exit: { exitCode: 42 } },
    });
    const large = await run(deployment, "cat", "0123456789".repeat(300_000));
    expect(large.stdout.length).toBe(3_000_000);
    const late = await run(deployment, "trap '' TERM; sleep 1000", undefined, 500);
    expect(late.last).toEqual({ type: "ended", exit: { exitCode: 137, ended: "time" } });
    const words = await run(deployment, ["printf", "%s|", "a b", "$HOME", "'\""]);
    expect(words.stdout).toBe("a b|$HOME|'\"|");
    const signalled = await run(deployment, "kill -SEGV $$");
    expect(signalled.last).toEqual({ type: "ended", exit: { exitCode: 139 } });
  },
  limitMs,
);

test.if(isolated)(
  "a process that uses more than its memory is ended, and the reason is told",
  async () => {
    await start();
    const deployment = await platform.deployServices({
      processes: { worker: "node -e 'const all=[]; for(;;) all.push(Buffer.alloc(1e7, 1))'" },
      formation: { worker: 1 },
    });
    await platform.release(deployment);
    const [report] = await until(async () => {
      const all = await platform.processes();
      return all[0]?.lastFailure !== undefined && all;
    });
    expect(report!.lastFailure!.code).toBe("process_out_of_memory");
    expect(report!.lastFailure!.message).toContain("256 MiB");
    await platform.scale(deployment, { worker: 0 });
    await until(async () => (await states()).length === 0);
  },
  limitMs,
);
