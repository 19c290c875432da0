import { afterEach, beforeEach, expect, test } from "bun:test";
import { get as httpGet } from "node:http";
import { type AppName, flagsPath, type ServedDeployment } from "@evenkeel/model";
import { OFREPProvider } from "@openfeature/ofrep-provider";
import { OpenFeature } from "@openfeature/server-sdk";
import { TestWorld } from "../testing/test-world.ts";
import { until } from "../testing/until.ts";

const key = "k".repeat(43);
const bulk = "/ofrep/v1/evaluate/flags";
const app = "shop" as AppName;

const flags = {
  editor: {
    state: "ENABLED",
    variants: { on: true, off: false },
    defaultVariant: "off",
    targeting: { if: [{ ends_with: [{ var: "email" }, "@example.com"] }, "on", null] },
  },
  colour: {
    state: "ENABLED",
    variants: { red: "red", blue: "blue" },
    defaultVariant: "red",
    metadata: { public: true },
  },
  asleep: { state: "DISABLED", variants: { on: true }, defaultVariant: "on" },
};

let world: TestWorld;
beforeEach(async () => {
  world = new TestWorld();
  world.startEdge();
  await world.deploy({ id: "aaaaaaaaa" });
  const deployment: ServedDeployment = {
    ...{ id: "aaaaaaaaa" as never, app, environment: "production" as const, output: "0".repeat(64) as never },
    ...{ host: "shop-aaaaaaaaa.localhost", createdAtMs: 0, maxInstances: 1 },
    flagsKeyHash: new Bun.CryptoHasher("sha256").update(key).digest("hex"),
  };
  await world.change([{ put: "deployment", deployment }]);
});
afterEach(() => world.stop());

const put = (version: number, set: { flags: Record<string, unknown> } = { flags }) =>
  world.change([{ put: "flags", flags: { app, environment: "production", version, set } }]);

const ask = (path: string, body: unknown, headers: Record<string, string> = {}) =>
  world.get("shop.localhost", flagsPath + path, {
    method: "POST",
    headers,
    body: typeof body === "string" ? body : JSON.stringify(body),
  });

test("the official provider evaluates flags by key, and sees a change with its next question", async () => {
  await put(1);
  const provider = new OFREPProvider({
    baseUrl: `http://127.0.0.1:${world.edges[0]!.port}${flagsPath}/key/${key}`,
  });
  await OpenFeature.setProviderAndWait("edge", provider);
  try {
    const client = OpenFeature.getClient("edge");
    const inside = { targetingKey: "1", email: "a@example.com" };
    expect(await client.getBooleanValue("editor", false, inside)).toBe(true);
    expect(await client.getBooleanDetails("editor", true, { targetingKey: "2" })).toMatchObject({
      value: false,
      variant: "off",
      reason: "DEFAULT",
    });
    expect(await client.getBooleanDetails("nowhere", true)).toMatchObject({
      value: true,
      errorCode: "FLAG_NOT_FOUND",
    });
    await put(2, { flags: { editor: { ...flags.editor, targeting: {}, defaultVariant: "off" } } });
    expect(await client.getBooleanValue("editor", true, inside)).toBe(false);
  } finally {
    await OpenFeature.close();
  }
}, 60_000);

test("pages see public flags only; a bulk answer is not sent twice", async () => {
  await put(1);
  const answer = await ask(bulk, { context: { targetingKey: "1" } });
  expect(answer.status).toBe(200);
  const { flags: seen, metadata, eventStreams } = JSON.parse(answer.text);
  expect(seen).toEqual([
    { key: "colour", reason: "STATIC", value: "red", variant: "red", metadata: { public: true } },
  ]);
  expect(metadata).toEqual({ version: 1 });
  expect(eventStreams[0].endpoint.requestUri).toBe(`${flagsPath}/events`);
  const again = await ask(
    bulk,
    { context: { targetingKey: "1" } },
    { "if-none-match": answer.headers["etag"]! },
  );
  expect([again.status, again.text]).toEqual([304, ""]);
  expect((await ask(`${bulk}/editor`, {})).status).toBe(404);
  expect((await ask(`/key/${key}${bulk}/asleep`, {})).text).toBe(
    '{"key":"asleep","reason":"DISABLED","metadata":{}}',
  );
}, 60_000);

test("what is asked wrongly is told in OFREP's words", async () => {
  await put(1);
  const cases: [path: string, body: unknown, status: number, told: string][] = [
    [`/key/${"x".repeat(43)}${bulk}`, {}, 401, "OFREP_ENDPOINT"],
    [`${bulk}/colour`, "{", 400, "PARSE_ERROR"],
    [`${bulk}/colour`, [], 400, "PARSE_ERROR"],
    [`${bulk}/colour`, { context: 5 }, 400, "INVALID_CONTEXT"],
    [bulk, { context: { long: "x".repeat(20_000) } }, 413, "INVALID_CONTEXT"],
    ["/ofrep/v2", {}, 404, "/ofrep/v2"],
  ];
  for (const [path, body, status, told] of cases) {
    const answer = await ask(path, body);
    expect([path, answer.status]).toEqual([path, status]);
    expect(answer.text).toContain(told);
  }
  expect((await world.get("shop.localhost", flagsPath + bulk)).status).toBe(405);
  expect((await world.get("nobody.localhost", flagsPath + bulk)).status).toBe(404);
}, 60_000);

test("an open event stream tells of a change, and ends when the edge does", async () => {
  await put(1);
  let text = "";
  let ended = false;
  const request = httpGet({
    ...{ host: "127.0.0.1", port: world.edges[0]!.port, path: `${flagsPath}/events` },
    headers: { host: "shop.localhost", "last-event-id": "1" },
  });
  request.on("response", (response) => {
    response.setEncoding("utf8").on("data", (chunk) => {
      text += chunk;
    });
    response.on("end", () => {
      ended = true;
    });
  });
  await until(() => text.startsWith("retry: "));
  expect(text).not.toContain("data:");
  await put(2);
  await until(() => text.includes('id: 2\ndata: {"type":"refetchEvaluation"}\n\n'));
  const stopped = world.edges[0]!.stop(2_000);
  await until(() => ended);
  await stopped;
}, 60_000);

test("flags go on being served while the control plane is away, and after a restart of the edge", async () => {
  await put(7);
  await world.edges[0]!.stop(0);
  world.edges.length = 0;
  world.stopServices();
  world.startEdge({ name: "edge-0" });
  expect(JSON.parse((await ask(`/key/${key}${bulk}`, {})).text).metadata).toEqual({ version: 7 });
}, 60_000);
