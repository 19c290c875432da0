import { afterAll, beforeAll, expect, test } from "bun:test";
import { lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { eventually } from "./harness/http.ts";
import { TestPlatform } from "./harness/platform.ts";
import { writePrebuilt } from "./harness/prebuilt.ts";

/** Words of no known form, so that nothing but being a variable's value gives them away. None stands in any source as it is. */
const canary = ["meadow", "lantern", "c41d", "thrice"].join("_");
const words = `process.env.API_PASSWORD`;

/** What goes wrong in a process, says its secret, and tells telemetry of it in every place that OTLP has. */
const handler = `
  const secret = ${words};
  const [, key] = decodeURIComponent(process.env.OTEL_EXPORTER_OTLP_HEADERS).split("authorization=");
  const send = (kind, body) => fetch(process.env.OTEL_EXPORTER_OTLP_ENDPOINT + "/v1/" + kind, {
    method: "POST", headers: { "content-type": "application/json", authorization: key }, body: JSON.stringify(body) });
  const attributes = [{ key: "order", value: { stringValue: secret } }, { key: secret, value: { stringValue: "x" } },
    { key: "exception.stacktrace", value: { stringValue: "x".repeat(4085) + secret } },
    { key: "bytes", value: { bytesValue: Buffer.from("a" + secret).toString("base64") } }];
  const now = String(Date.now()) + "000000";
  const ids = { traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331" };
  module.exports = async (request, response) => {
    if (request.url.startsWith("/telemetry")) {
      const span = { ...ids, name: secret, startTimeUnixNano: now, endTimeUnixNano: now, attributes, status: { code: 2, message: secret },
        events: [{ name: secret, timeUnixNano: now, attributes }] };
      const answers = await Promise.all([
        send("traces", { resourceSpans: [{ resource: { attributes }, scopeSpans: [{ spans: [span] }] }] }),
        send("metrics", { resourceMetrics: [{ scopeMetrics: [{ metrics: [{ name: "m." + secret, unit: secret,
          gauge: { dataPoints: [{ asDouble: 1, timeUnixNano: now, attributes }] } }] }] }] }),
        send("logs", { resourceLogs: [{ scopeLogs: [{ logRecords: [{ ...ids, body: { stringValue: secret }, severityText: secret, attributes }] }] }] }),
        send("traces", { resourceSpans: [{ scopeSpans: [{ spans: [{ traceId: secret }] }] }] }),
        send("metrics", { resourceMetrics: secret }),
      ]);
      return response.end(answers.map(({ status }) => status).join(" "));
    }
    if (request.url.startsWith("/health")) return response.writeHead(500, { "x-reason": secret }).end(secret);
    if (request.url === "/") return response.end("up");
    throw new Error("failed with " + secret);
  };`;

let platform: TestPlatform;
let environment: string;
beforeAll(async () => {
  platform = await TestPlatform.start();
  environment = join(platform.folder, "shop.env");
  writeFileSync(environment, `API_PASSWORD=${canary}\n`);
}, 120_000);
afterAll(() => platform?.stop(), 120_000);

/** An app from source with a build, a release phase and a command that migrates; each fails where the variable `FAIL` says so. */
function sourceApp(failing: string): string {
  const folder = platform.sourceFolder("paths");
  const step = (name: string) =>
    `console.log(process.env); if (process.env.FAIL_AT === "${name}" || "${name}" === "${failing}") throw new Error("${name} failed with " + ${words});`;
  const files = {
    "package.json": JSON.stringify({
      name: "paths",
      private: true,
      scripts: { build: "node build.js" },
      engines: { node: "24.x" },
    }),
    "package-lock.json": JSON.stringify({
      name: "paths",
      lockfileVersion: 3,
      packages: { "": { name: "paths" } },
    }),
    Procfile: "release: node release.js\nweb: node web.js\n",
    "build.js": step("build"),
    "release.js": step("release"),
    "migrate.js": step("migrate"),
    "web.js": `${step("web")} require("node:http").createServer((q, s) => s.end("up")).listen(process.env.PORT);`,
  };
  mkdirSync(folder, { recursive: true });
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  return folder;
}

/** Every file that holds the secret, as it is or in a form in which programs print it. */
function filesWithSecret(): string[] {
  const bytes = Buffer.from(canary);
  const needles = [
    bytes,
    Buffer.from(bytes.toString("hex")),
    Buffer.from(bytes.toString("base64").slice(0, -4)),
  ];
  for (const before of ["a", "ab"])
    needles.push(
      Buffer.from(
        Buffer.from(before + canary)
          .toString("base64")
          .slice(4, -4),
      ),
    );
  const found: string[] = [];
  const search = (folder: string) => {
    for (const name of readdirSync(folder)) {
      const path = join(folder, name);
      const stat = lstatSync(path, { throwIfNoEntry: false });
      if (stat?.isDirectory()) search(path);
      else if (stat?.isFile()) {
        const content = readFileSync(path);
        if (needles.some((needle) => content.includes(needle))) found.push(path);
      }
    }
  };
  search(platform.home);
  return found;
}

test("a secret that goes through every way to fail stands nowhere in the data directory", async () => {
  const said: string[] = [];
  const failing = async (...command: string[]) => {
    const { stdout, stderr } = await platform.failing(...command);
    said.push(stdout, stderr);
    return stdout + stderr;
  };
  const deploy = (...more: string[]) => ["--app", "paths", "--prod", "--env-file", environment, ...more];
  expect(await failing("deploy", sourceApp("release"), ...deploy())).toContain("release");
  await platform.deploy(sourceApp("none"), ...deploy());
  // Who runs a command sees what it prints; the log does not.
  await platform.failing("run", "paths", "--", "node", "-e", `throw new Error(${words})`);
  await platform.must("db", "create", "paths");
  await platform.must("db", "migration-settings", "paths", "--command", "node migrate.js");
  await failing("deploy", sourceApp("migrate"), ...deploy());
  await platform.must("gates", "set", "paths", "--check", "unit=node migrate.js");
  await platform.must("db", "migration-settings", "paths", "--detect");
  await failing("deploy", sourceApp("migrate"), ...deploy());

  const shop = writePrebuilt(platform.sourceFolder("shop"), {
    config: { crons: [{ path: "/cron", schedule: "0 0 1 1 *" }], routes: [{ src: "/.*", dest: "/index" }] },
    functions: { index: handler },
  });
  await platform.deploy(shop, "--prebuilt", "--app", "shop", "--prod", "--env-file", environment);
  await platform.must("gates", "set", "shop", "--health", "/health");
  const host = "shop.localhost";
  expect((await platform.get(host, `/pay/${canary}?key=${canary}`)).status).toBe(500);
  const answer = await platform.get(host, "/telemetry");
  expect(answer.text()).toBe("200 200 200 400 400");
  said.push((await platform.run("schedules", "run", "shop", "/cron")).stdout);

  // Addresses where nobody listens, with secrets of their own in path, query and headers.
  const nowhere = `http://127.0.0.1:1/${canary}?key=${canary}`;
  const header = ["--header", `authorization: Bearer ${canary}`];
  for (const add of [
    ["drains", "add", "shop", nowhere, ...header],
    ["telemetry", "export", nowhere, ...header],
  ])
    said.push(await platform.must(...add));
  const [drain] = (await platform.json<{ drains: { id: string }[] }>("drains", "ls", "shop")).drains;
  await failing("drains", "test", "shop", drain!.id);
  await eventually(
    () => platform.json<{ failures: object }[]>("telemetry", "ls"),
    ([one]) => Object.keys(one!.failures).length > 0,
  );
  said.push(await platform.must("telemetry", "ls"), await platform.must("drains", "ls", "shop"));

  const found = await eventually(
    () => platform.must("logs", "shop", "--json"),
    (text) => text.includes("failed with [API_PASSWORD]") && text.includes('"stream":"otlp"'),
  );
  await eventually(
    () => platform.run("trace", "0af7651916cd43dd8448eb211c80319c"),
    ({ stdout }) => stdout.includes("[API_PASSWORD]"),
  );
  said.push(
    found,
    await platform.must("logs", "paths", "--json"),
    await platform.must("metrics", "shop", "--list"),
  );
  said.push((await platform.api("GET", "/audit")).text());
  for (const text of said) expect(text).not.toContain(canary);
  // What waits in memory is written down by their end.
  await platform.must("down");
  expect(filesWithSecret()).toEqual([]);
}, 400_000);
