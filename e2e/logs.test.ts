import { afterAll, beforeAll, expect, test } from "bun:test";
import { lstatSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { eventually } from "./harness/http.ts";
import { TestPlatform } from "./harness/platform.ts";
import { writePrebuilt } from "./harness/prebuilt.ts";

interface Line {
  id: string;
  text: string;
  level: string;
  requestId?: string;
  fields?: Record<string, unknown>;
}

/** A variable's value, and what no variable holds: forms of keys, a person's address. None stands in any source as it is. */
const canary = ["kanarien", "vogel", "7f3a9c2e41"].join("-");
const shaped = ["sk_live_", "51H8xKanarienVogel"].join("");
const address = ["kanarien.vogel", "birds.example.com"].join("@");
const pieces = `const canary = process.env.API_TOKEN; const shaped = ["sk_live_", "51H8xKanarienVogel"].join(""); const address = ["kanarien.vogel", "birds.example.com"].join("@");`;
const handler = `${pieces}
  module.exports = async (request, response) => {
    const words = "canary " + canary + " " + shaped + " " + address;
    if (request.url === "/print") {
      console.log("first of " + request.headers["x-vercel-id"]);
      await new Promise((resolve) => setTimeout(resolve, 5));
      console.warn(words);
      console.error(process.env);
      console.log(JSON.stringify({ level: 50, msg: words, user_id: "u-1", password: canary, nested: { authorization: shaped, email: address } }));
      process.stdout.write("hex " + Buffer.from(canary).toString("hex") + "\\nbase64 " + Buffer.from(canary).toString("base64") + "\\n");
    }
    if (request.url === "/throw") throw new Error(words);
    if (request.url === "/reject") { Promise.reject(new Error(words)); await new Promise((resolve) => setTimeout(resolve, 50)); }
    if (request.url === "/exit") { console.error(words); process.exit(3); }
    response.end("said");
  };`;

let platform: TestPlatform;
let environment: string;
let host: string;

beforeAll(async () => {
  platform = await TestPlatform.start();
  environment = join(platform.folder, "shop.env");
  writeFileSync(environment, `API_TOKEN=${canary}\n`);
  const folder = writePrebuilt(platform.sourceFolder("shop"), { functions: { index: handler } });
  const deployed = await platform.deploy(
    folder,
    "--prebuilt",
    "--app",
    "shop",
    "--prod",
    "--env-file",
    environment,
  );
  host = deployed.host;
}, 120_000);
afterAll(() => platform.stop(), 60_000);

const lines = async (...options: string[]): Promise<Line[]> => {
  const printed = (await platform.must("logs", "shop", "--json", ...options)).trim();
  return printed === "" ? [] : printed.split("\n").map((line) => JSON.parse(line) as Line);
};

test("lines know their request, level and fields; they are searched by them, and carry marks in place of secrets", async () => {
  const answer = await platform.get(host, "/print");
  const requestId = [answer.headers["x-vercel-id"]].flat()[0]!;
  // Standard output and standard error are two ways, so a line of one may come before an earlier one of the other.
  const found = await eventually(
    () => lines("--field", `requestId=${requestId}`),
    (list) =>
      list.some(({ text }) => text.startsWith("base64")) && list.some(({ level }) => level === "warn"),
  );
  const first = found.find(({ text }) => text.startsWith("first of"));
  expect(first).toMatchObject({ text: `first of ${requestId}`, level: "info" });
  const warning = found.find(({ level }) => level === "warn")!;
  expect(warning.text).toMatch(/^canary \[API_TOKEN\] \[key\] \[email:[0-9a-f]{8}\]$/);
  const json = found.find(({ fields }) => fields !== undefined)!;
  expect(json).toMatchObject({ level: "error", fields: { userId: "u-1", password: "[secret]" } });
  expect(found.map(({ text }) => text)).toContain("hex [API_TOKEN]");
  const byUser = await lines(
    "--field",
    "userId=u-1",
    "--level",
    "error",
    "--since",
    "1h",
    "--env",
    "production",
  );
  expect(byUser.map(({ id }) => id)).toContain(json.id);
  expect(await lines("--search", "FIRST OF", "--until", "2020-01-01")).toEqual([]);
}, 60_000);

test("who follows sees what was and what comes, over a restart of the host", async () => {
  const child = Bun.spawn(
    [join(import.meta.dir, "../evenkeel"), "logs", "shop", "-f", "--json", "--search", "first of"],
    {
      env: { ...process.env, EVENKEEL_HOME: platform.home },
      stdout: "pipe",
      stderr: "ignore",
    },
  );
  const seen: string[] = [];
  const reading = (async () => {
    const decoder = new TextDecoder();
    let rest = "";
    for await (const chunk of child.stdout) {
      const parts = (rest + decoder.decode(chunk, { stream: true })).split("\n");
      rest = parts.pop()!;
      for (const part of parts) seen.push((JSON.parse(part) as Line).id);
    }
  })();
  try {
    await eventually(
      async () => seen.length,
      (count) => count === 1,
    );
    await platform.get(host, "/print");
    await eventually(
      async () => seen.length,
      (count) => count === 2,
    );
    await platform.must("restart", "host");
    await eventually(
      () => platform.get(host, "/print"),
      ({ status }) => status === 200,
    );
    await eventually(
      async () => seen.length,
      (count) => count >= 3,
    );
    expect(new Set(seen).size).toBe(seen.length);
  } finally {
    child.kill();
    await child.exited;
    await reading;
  }
}, 120_000);

test("a drain gets every line, also those printed while its server was away and control restarted", async () => {
  const texts: string[] = [];
  const serve = (port = 0) =>
    Bun.serve({
      ...{ port, hostname: "127.0.0.1" },
      async fetch(request) {
        for (const line of (await request.text()).trim().split("\n"))
          texts.push((JSON.parse(line) as Line).text);
        return new Response();
      },
    });
  let server = serve();
  const { port } = server;
  const added = await platform.json<{ id: string }>(
    "drains",
    "add",
    "shop",
    `http://127.0.0.1:${port}/in?key=${shaped}`,
    "--header",
    `Authorization: Bearer ${canary}`,
  );
  try {
    await platform.must("drains", "test", "shop", added.id);
    expect(texts).toEqual([`This is a test of drain ${added.id}`]);
    await platform.get(host, "/print");
    await eventually(
      async () => texts.filter((text) => text.startsWith("first of")).length,
      (count) => count === 1,
    );
    await server.stop(true);
    await platform.get(host, "/print");
    await platform.must("restart", "control");
    await platform.get(host, "/print");
    server = serve(port!);
    await eventually(
      async () => new Set(texts.filter((text) => text.startsWith("first of"))).size,
      (count) => count === 3,
    );
    const { drains } = await platform.json<{ drains: { deliveredLines: number }[] }>("drains", "ls", "shop");
    expect(drains).toHaveLength(1);
    await platform.must("drains", "rm", "shop", added.id);
  } finally {
    await server.stop(true);
  }
}, 120_000);

test("no secret that went through an error reaches the disk, wherever one looks in the data directory", async () => {
  for (const path of ["/throw", "/reject", "/exit"])
    expect((await platform.get(host, path)).status).toBe(500);
  const failing = writePrebuilt(platform.sourceFolder("failing"), {
    functions: { index: `${pieces} throw new Error("canary " + canary + " " + shaped + " " + address);` },
  });
  await platform.failing(
    "deploy",
    failing,
    "--prebuilt",
    "--app",
    "shop",
    "--prod",
    "--env-file",
    environment,
    "--json",
  );
  const building = platform.sourceFolder("building");
  writeFileSync(
    join(building, "package.json"),
    JSON.stringify({ name: "building", scripts: { build: "node fail.js" } }),
  );
  writeFileSync(
    join(building, "fail.js"),
    `${pieces} console.log(process.env, shaped, address); throw new Error(canary + " " + shaped);`,
  );
  const built = await platform.failing(
    "deploy",
    building,
    "--app",
    "shop",
    "--prod",
    "--env-file",
    environment,
  );
  expect(built.stderr + built.stdout).not.toContain(canary);
  expect((await lines("--build", "--search", "[key]")).length).toBeGreaterThan(0);
  await eventually(
    () => lines("--search", "Error: canary"),
    (list) => list.length > 2,
  );
  const secrets = [
    canary,
    shaped,
    address,
    Buffer.from(canary).toString("hex"),
    Buffer.from(canary).toString("base64"),
  ];
  const needles = secrets.map((secret) => Buffer.from(secret));
  const found: string[] = [];
  const search = (folder: string) => {
    for (const name of readdirSync(folder)) {
      const path = join(folder, name);
      const stat = lstatSync(path, { throwIfNoEntry: false });
      if (stat?.isDirectory()) search(path);
      else if (stat?.isFile()) {
        const bytes = readFileSync(path);
        if (needles.some((needle) => bytes.includes(needle))) found.push(path);
      }
    }
  };
  search(platform.home);
  expect(found).toEqual([]);
}, 180_000);
