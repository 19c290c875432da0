import { afterAll, beforeAll, expect, test } from "bun:test";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { appLogFolder, searchLogs, writeLogSettings } from "@evenkeel/logs";
import { type AppName, functionTreePath, newDeploymentId } from "@evenkeel/model";
import { get, TestEdge } from "../testing/test-edge.ts";
import { TestPlatform } from "../testing/test-platform.ts";
import { until } from "../testing/until.ts";

const limitMs = 120_000;
let platform: TestPlatform;
let edge: TestEdge;
beforeAll(async () => {
  platform = new TestPlatform();
  await platform.startHost();
  edge = await TestEdge.connect(platform);
}, limitMs);
afterAll(async () => {
  edge.close();
  await platform.stop();
}, limitMs);

const answering = (body: string) => `module.exports = (req, res) => { ${body} };`;
const hello = answering("res.end('hello')");

test(
  "a function that is needed many times at once is started once, answers, and is listed",
  async () => {
    const deployment = await platform.deploy({
      files: { "index.js": answering("res.end(process.env.NAME + ' in ' + process.env.NODE_ENV)") },
      environment: { NAME: "Ada" },
    });
    for (let times = 0; times < 5; times++) edge.need(deployment);
    const instance = await edge.instance(deployment);
    expect(await get(instance)).toBe("Ada in production");
    const mine = (await platform.list()).filter((report) => report.deployment === deployment.id);
    expect(mine).toHaveLength(1);
    expect(mine[0]).toMatchObject({ id: instance.id, state: "ready", inFlight: 0, restarts: 0 });
    expect(mine[0]!.memoryBytes).toBeGreaterThan(1_000_000);
  },
  limitMs,
);

test(
  "an import that fails is told with the app's own message, without its secrets, and in the end without another start",
  async () => {
    const deployment = await platform.deploy({
      files: { "index.js": "throw new Error('no route to ' + process.env.API_TOKEN);" },
      environment: { API_TOKEN: "token-4711" },
    });
    const error = await edge.failure(deployment);
    expect(error.code).toBe("function_import_failed");
    expect(error.message).toContain("no route to [API_TOKEN]");
    const prepared = await platform.ask({ type: "prepare", deployment: deployment.id });
    expect(prepared.error?.code).toBe("function_import_failed");
    // Each failure doubles the pause; once it is longer than a request should wait, the last failure is told at once.
    for (let times = 0; times < 3; times++)
      await platform.ask({ type: "prepare", deployment: deployment.id });
    writeFileSync(join(functionTreePath(platform.layout, deployment.function), "index.js"), hello);
    expect((await edge.failure(deployment)).code).toBe("function_import_failed");
    expect((await platform.ask({ type: "prepare", deployment: deployment.id })).error).toBeUndefined();
  },
  limitMs,
);

test(
  "an instance that crashes is reported with its last words and comes back by itself",
  async () => {
    const deployment = await platform.deploy({
      files: {
        "index.js": answering(
          "if (req.url === '/die') { console.error('the end is near'); process.kill(process.pid, 'SIGKILL'); } res.end('alive')",
        ),
      },
    });
    const first = await edge.instance(deployment);
    await get(first, "/die").catch(() => {});
    const second = await until(() => edge.of(deployment).find(({ id }) => id !== first.id));
    expect(await get(second)).toBe("alive");
    expect(edge.instances.has(first.id)).toBe(false);
    const report = (await platform.list()).find(({ id }) => id === second.id);
    expect(report?.restarts).toBe(1);
    const said = await until(() =>
      platform
        .logLines(deployment)
        .find(({ stream, text }) => stream === "platform" && text.includes("SIGKILL")),
    );
    expect(said.text).toContain("the end is near");
  },
  limitMs,
);

test(
  "an instance that is stuck in a loop is replaced when a request is overdue there, one that only waits is not",
  async () => {
    const files = {
      "index.js": answering(
        "if (req.url === '/loop') for (;;); if (req.url === '/wait') return; res.end('pid ' + process.pid)",
      ),
    };
    const [patient, stuck] = [await platform.deploy({ files }), await platform.deploy({ files })];
    const [waits, loops] = [await edge.instance(patient), await edge.instance(stuck)];
    const hanging = [get(waits, "/wait"), get(loops, "/loop")].map((asked) => asked.catch(() => {}));
    // Again and again: it may answer once more before it has read the request that makes it loop.
    const next = await until(() => {
      for (const { id } of [waits, loops]) edge.connection.send({ type: "overdue", instance: id });
      return edge.of(stuck).find(({ id }) => id !== loops.id);
    });
    expect(await get(next)).toStartWith("pid ");
    expect(edge.instances.has(loops.id)).toBe(false);
    const told = platform.logLines(stuck).filter(({ stream }) => stream === "platform");
    expect(told.map(({ text }) => text).join()).toContain("let nothing else run");
    expect(edge.of(patient).map(({ id }) => id)).toEqual([waits.id]);
    await platform.ask({ type: "stop", deployment: patient.id });
    await Promise.all(hanging);
  },
  limitMs,
);

test(
  "a stop waits for the requests in flight and for waitUntil",
  async () => {
    const deployment = await platform.deploy({
      files: {
        "index.js": `
          const context = () => globalThis[Symbol.for("@vercel/request-context")].get();
          module.exports = (req, res) => {
            context().waitUntil(new Promise((resolve) => setTimeout(() => { console.log("work done"); resolve(); }, 700)));
            setTimeout(() => res.end("slow answer"), 400);
          };`,
      },
    });
    const instance = await edge.instance(deployment);
    edge.confirmsDrains = false;
    const answer = get(instance);
    edge.load({ [instance.id]: 1 });
    await until(async () =>
      (await platform.list()).find(({ id, inFlight }) => id === instance.id && inFlight === 1),
    );
    let stopped = false;
    const stop = platform.ask({ type: "stop", deployment: deployment.id }).then((reply) => {
      stopped = true;
      return reply;
    });
    await until(() => edge.drained.includes(instance.id));
    expect(await answer).toBe("slow answer");
    expect(stopped).toBe(false);
    edge.connection.send({ type: "drained", instance: instance.id });
    edge.confirmsDrains = true;
    expect((await stop).error).toBeUndefined();
    expect((await platform.list()).some(({ id }) => id === instance.id)).toBe(false);
    await until(() => platform.logLines(deployment).some(({ text }) => text === "work done"));
  },
  limitMs,
);

test(
  "more instances are started while edges say that all are busy, up to the deployment's limit",
  async () => {
    const deployment = await platform.deploy({ files: { "index.js": hello, "two.js": "" }, maxInstances: 2 });
    const first = await edge.instance(deployment);
    await until(() => {
      edge.load({ [first.id]: 150 });
      edge.need(deployment, 0);
      return edge.of(deployment).length === 2;
    });
    for (let times = 0; times < 10; times++) edge.need(deployment, 0);
    await until(
      async () => (await platform.list()).filter(({ deployment: id }) => id === deployment.id).length === 2,
    );
    expect((await platform.list()).find(({ id }) => id === first.id)?.inFlight).toBe(150);
    edge.load({ [first.id]: 0 });
  },
  limitMs,
);

test(
  "when control gives functions more memory, another instance takes the place of the one that has less",
  async () => {
    const deployment = await platform.deploy({ files: { "index.js": hello, "three.js": "" } });
    const first = await edge.instance(deployment);
    await platform.giveMemory(deployment, { factor: 2, mostMb: 4_096 });
    await until(() => edge.of(deployment).some(({ id }) => id !== first.id));
    await until(() => edge.of(deployment).every(({ id }) => id !== first.id));
    expect(await get(edge.of(deployment)[0]!)).toBe("hello");
    await until(() => platform.logLines(deployment).some(({ text }) => text.includes("another limit now")));
  },
  limitMs,
);

test(
  "standard output becomes lines of the app's log without secrets, and a flood is cut and counted",
  async () => {
    const folder = appLogFolder(platform.layout, "loud" as AppName);
    writeLogSettings(folder, { linesPerSecond: 500 });
    const deployment = await platform.deploy({
      app: "loud",
      files: {
        "index.js": answering(
          "console.log('using', process.env.DATABASE_URL); console.error('two\\nlines'); for (let n = 0; n < 60000; n++) console.log('x'.repeat(100)); res.end('ok')",
        ),
      },
      environment: { DATABASE_URL: "postgres://app:pass%40word@db.internal/app" },
    });
    const instance = await edge.instance(deployment);
    expect(await get(instance)).toBe("ok");
    const lines = await until(async () => {
      const page = await searchLogs(folder, { limit: 100_000, timeLimitMs: limitMs });
      const told = page.lines.filter(({ text }) => text.includes("were dropped"));
      const missing = told.reduce((sum, { text }) => sum + Number.parseInt(text, 10), 0);
      const kept = page.lines.filter(({ text }) => text.startsWith("xxx")).length;
      return told.length > 0 && missing + kept === 60_000 && page.lines;
    });
    expect(lines.find(({ text }) => text.startsWith("using"))).toMatchObject({
      deployment: deployment.id,
      environment: "production",
      instance: instance.id,
      function: deployment.function,
      stream: "stdout",
      level: "info",
      text: "using [DATABASE_URL]",
    });
    const errors = lines.filter(({ stream }) => stream === "stderr").reverse();
    expect(errors.map(({ text }) => text)).toEqual(["two", "lines"]);
    await platform.ask({ type: "stop", deployment: deployment.id });
  },
  limitMs,
);

test(
  "a deployment that the feed takes away loses its instances; unknown ones are refused",
  async () => {
    const deployment = await platform.deploy({ files: { "index.js": hello, "three.js": "" } });
    const instance = await edge.instance(deployment);
    await platform.remove(deployment.id);
    await until(() => edge.drained.includes(instance.id));
    await until(async () => (await platform.list()).every(({ id }) => id !== instance.id));
    const refused = await platform.ask({ type: "prepare", deployment: newDeploymentId() });
    expect(refused.error?.code).toBe("deployment_unknown");
  },
  limitMs,
);

test(
  "a function can ask for Bun",
  async () => {
    const deployment = await platform.deploy({
      files: { "index.js": answering("res.end('Bun ' + typeof Bun + ' ' + process.getuid())") },
      spec: { runtime: "bun1.x" },
    });
    const [, kind, uid] = (await get(await edge.instance(deployment))).split(" ");
    expect(kind).toBe("object");
    const isolated = platform.hostOutput.includes('"isolation":"isolated"');
    expect(uid === String(process.getuid!())).toBe(!isolated);
  },
  limitMs,
);

test(
  "environments stand on disk only sealed",
  async () => {
    const secret = "very-plain-secret-0815";
    await platform.deploy({ files: { "index.js": hello, "four.js": "" }, environment: { API_KEY: secret } });
    const folder = join(platform.home, "host/environments");
    await until(() => readdirSync(folder).length > 0);
    await until(
      () =>
        JSON.parse(readFileSync(join(platform.layout.serving, "host.json"), "utf8")).version ===
        platform.state.version,
    );
    for (const place of [folder, platform.layout.serving]) {
      for (const name of readdirSync(place))
        expect(readFileSync(join(place, name), "latin1")).not.toContain(secret);
    }
  },
  limitMs,
);
