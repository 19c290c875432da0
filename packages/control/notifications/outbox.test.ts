import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "bun:test";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestCluster } from "@evenkeel/postgres";
import type { ControlClient } from "../client/index.ts";
import { startControlCluster, TestControl } from "../testing/test-control.ts";
import { until } from "../testing/until.ts";

const limitMs = 60_000;
interface Heard {
  path: string;
  body: {
    type?: string;
    text?: string;
    event_action?: string;
    dedup_key?: string;
    data?: { subject: string };
  };
  id: string | undefined;
  atMs: number;
}
let cluster: TestCluster;
let control: TestControl;
let client: ControlClient;
let server: Server;
let heard: Heard[];
let answers: Record<string, (request: IncomingMessage, response: ServerResponse) => void>;

beforeAll(async () => {
  cluster = await startControlCluster();
  server = createServer(async (request, response) => {
    let text = "";
    for await (const piece of request) text += piece;
    const path = request.url!;
    heard.push({
      path,
      body: JSON.parse(text),
      id: request.headers["webhook-id"] as string,
      atMs: Date.now(),
    });
    const answer = answers[path];
    if (answer) return answer(request, response);
    if (path.startsWith("/pager"))
      return void response.writeHead(202).end(JSON.stringify({ status: "success", dedup_key: "k" }));
    response.end("ok");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
}, limitMs);
afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await cluster.stop();
}, limitMs);
beforeEach(() => {
  heard = [];
  answers = {};
});
afterEach(async () => {
  server.closeAllConnections();
  await control.killProcess().catch(() => {});
  await control.stop();
}, limitMs);

async function begin(apart = false): Promise<void> {
  control = await TestControl.start(cluster, { apart });
  client = control.client();
  await client.ensureApp({ app: "shop" });
}
const at = (path: string) => `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`;
const secret = `whsec_${Buffer.alloc(24, 7).toString("base64")}`;
const hook = (name: string, more: object = {}) =>
  client.addChannel({
    app: "shop",
    name,
    kind: "webhook",
    settings: { url: at(`/${name}`), secret },
    ...more,
  });
const slack = (name: string, more: object = {}) =>
  client.addChannel({ app: "shop", name, kind: "slack", settings: { url: at(`/${name}`) }, ...more });
const pager = (name: string, more: object = {}) =>
  client.addChannel({
    ...{ app: "shop", name, kind: "pagerduty", ...more },
    settings: { routingKey: "a".repeat(32), baseUrl: at(`/${name}`) },
  });
const open = (severity = "P0") => client.openIncident({ app: "shop", severity, title: "All requests fail" });
const paths = () => heard.map(({ path }) => path);
const log = async () => (await client.listNotifications({ app: "shop" })).notifications;

test(
  "who is told of an incident hears each thing once, pages within moments",
  async () => {
    await begin();
    await slack("team");
    await pager("pager");
    const openedAtMs = Date.now();
    const { id } = await open();
    await until("all have heard of it", async () => heard.length >= 2);
    expect(Math.max(...heard.map(({ atMs }) => atMs)) - openedAtMs).toBeLessThan(30_000);
    await client.acknowledgeIncident({ incident: String(id) });
    await client.resolveIncident({ incident: String(id), message: "Mended" });
    await until(
      "all was sent",
      async () => (await log()).every(({ state }) => state === "sent") && heard.length >= 6,
    );
    const events = heard.filter(({ path }) => path.startsWith("/pager")).map(({ body }) => body.event_action);
    expect(events).toEqual(["trigger", "acknowledge", "resolve"]);
    expect(paths().filter((path) => path === "/team")).toHaveLength(3);
  },
  limitMs,
);

test(
  "a channel that hangs, refuses, or answers with a page gives way to the next and is alerted of; others go on",
  async () => {
    await begin();
    await slack("second");
    await slack("first", { fallback: "second" });
    await hook("steady");
    answers["/first"] = (_request, response) => void response.writeHead(404).end("no_service");
    let limited = 0;
    answers["/steady"] = (_request, response) =>
      void (limited++ === 0
        ? response.writeHead(429, { "retry-after": "1" }).end()
        : response.writeHead(200).end());
    await open();
    await until(
      "the next channel has taken over",
      async () => limited === 2 && paths().filter((path) => path === "/second").length >= 2,
    );
    const told = await log();
    expect(told.find(({ channel, event }) => channel === "first" && event === "opened")).toMatchObject({
      ...{ state: "failed", error: { code: "message_refused" } },
    });
    await until("an incident of the channel", async () =>
      (await client.listIncidents({})).incidents.some(({ title }) => title.includes("Channel first fails")),
    );
    expect(
      (await client.listChannels({ app: "shop" })).channels.find(({ name }) => name === "first")?.failing,
    ).toBeDefined();
    const steady = heard.filter(({ path }) => path === "/steady");
    // The same message, by its id.
    expect(new Set(steady.map(({ id }) => id)).size).toBe(1);
  },
  limitMs,
);

test(
  "control that is killed amid paging goes on where it was: nobody is forgotten, and no page is another one",
  async () => {
    await begin(true);
    await pager("pager-one");
    await hook("hook-one");
    // The providers have heard it, and their answers are lost with the process.
    answers["/pager-one/v2/enqueue"] = () => {};
    answers["/hook-one"] = () => {};
    await open();
    await until("both providers have heard of it", async () => new Set(paths()).size === 2);
    await control.killProcess();
    answers = {};
    const before = heard.length;
    await control.startProcess();
    await until("all is sent", async () => (await log()).every(({ state }) => state === "sent"));
    const after = heard.slice(before);
    expect(after.map(({ path }) => path).sort()).toEqual(["/hook-one", "/pager-one/v2/enqueue"]);
    // What providers join by: the second is the first to them.
    expect(new Set(heard.filter(({ path }) => path === "/hook-one").map(({ id }) => id)).size).toBe(1);
    expect(
      new Set(heard.filter(({ path }) => path.startsWith("/pager")).map(({ body }) => body.dedup_key)).size,
    ).toBe(1);
  },
  limitMs,
);

test(
  "a channel is refused while it is set up, not in the night it is needed",
  async () => {
    await begin();
    const refused = (wish: object) =>
      client.addChannel({ app: "shop", name: "wrong", kind: "slack", ...wish } as never).then(
        () => "taken",
        (error: { code: string; message: string }) => `${error.code}: ${error.message}`,
      );
    expect(await refused({ settings: { url: "not a url" } })).toContain("channel_invalid");
    expect(await refused({ settings: { url: at("/x") }, template: "{servcie}" })).toContain(
      "{servcie} is no field",
    );
    expect(await refused({ settings: { url: at("/x") }, fallback: "nobody" })).toContain("channel_unknown");
    await slack("right");
    const [channel] = (await client.listChannels({ app: "shop" })).channels;
    expect(JSON.stringify(channel)).not.toContain("/right");
  },
  limitMs,
);
