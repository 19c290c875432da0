import { afterAll, beforeAll, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { TestCluster } from "@evenkeel/postgres";
import { smtp } from "@evenkeel/sandbox/smtp/smtp";
import { TestSandbox } from "@evenkeel/sandbox/testing/test-sandbox";
import type { ControlClient } from "../client/index.ts";
import { Database } from "../database/database.ts";
import { startControlCluster, TestControl } from "../testing/test-control.ts";
import { until } from "../testing/until.ts";

const limitMs = 90_000;
let cluster: TestCluster;
let control: TestControl;
let client: ControlClient;
let sandbox: TestSandbox;
let database: Database;
beforeAll(async () => {
  cluster = await startControlCluster();
  sandbox = await TestSandbox.start([smtp]);
  control = await TestControl.start(cluster);
  client = control.client();
  database = new Database({ connectionString: control.database.connectionString });
  await client.ensureApp({ app: "shop" });
  await client.setStatusPage({ app: "shop", isPublic: true, title: "The <Shop>" });
  const variables = sandbox.variables(smtp);
  const { settings } = (await import("@evenkeel/notify")).channelKinds.smtp.twin!;
  await client.addChannel({
    app: "shop",
    name: "email_customers",
    kind: "smtp",
    settings: settings(variables),
  });
}, limitMs);
afterAll(async () => {
  await database?.stop();
  await control?.stop();
  await sandbox?.stop();
  await cluster?.stop();
}, limitMs);

const file = (path: string) => {
  try {
    return readFileSync(join(control.layout.statusPages, path), "utf8");
  } catch {
    return "";
  }
};
const summary = () => JSON.parse(file("shop/api/v2/summary.json") || "{}");
const inbox = async () =>
  (
    await sandbox.admin<{ mail: { id: string; to: string[]; subject: string }[] }>(
      "GET",
      "/accounts/shop/preview/mail",
    )
  ).mail;
const ask = (path: string, form?: Record<string, string>): Promise<Response> =>
  fetch(`http://status.localhost${path}`, {
    ...(form && { method: "POST", body: new URLSearchParams(form) }),
    unix: control.layout.controlSocket,
  } as RequestInit);

test("pages are files that programs and people can read, and nothing that people wrote is markup", async () => {
  await client.openIncident({
    app: "shop",
    severity: "P1",
    title: "<b>Checkout</b> fails",
    components: ["checkout"],
  });
  await until("the incident is on the page", () => summary().incidents?.length === 1);
  expect(summary()).toMatchObject({
    ...{ page: { name: "The <Shop>" }, status: { indicator: "major", description: "Partial system outage" } },
    incidents: [
      { name: "<b>Checkout</b> fails", impact: "major", incident_updates: [{ status: "investigating" }] },
    ],
  });
  expect(
    summary().components.map(({ name, status }: { name: string; status: string }) => [name, status]),
  ).toEqual([
    ["Website", "operational"],
    ["Checkout", "partial_outage"],
  ]);
  const html = file("shop/index.html");
  expect(html).toContain("&lt;b&gt;Checkout&lt;/b&gt; fails");
  expect(/<script|(?:src|href|action)="(?:https?:)?\/\//.test(html)).toBe(false);
  expect(file("_all/index.html")).toContain("The &lt;Shop&gt;");
  expect(file("shop/history.atom")).toContain("&lt;b&gt;Checkout");
  expect(file("shop/history.rss")).toContain("<rss");
});

test(
  "who asks to follow hears nothing before it is confirmed, and nothing after leaving",
  async () => {
    expect((await ask("/subscriptions", { app: "shop", email: "eve@example.com" })).status).toBe(200);
    await until("the mail that asks", async () => (await inbox()).length === 1);
    // Whoever asks again at once is sent no other one.
    await ask("/subscriptions", { app: "shop", email: "EVE@example.com" });
    const [asked] = await inbox();
    const { text } = await sandbox.admin<{ text: string }>("GET", `/accounts/shop/preview/mail/${asked!.id}`);
    const link = /\/subscriptions\/confirm\?token=\S+/.exec(text)![0];
    const { id } = await client.openIncident({
      app: "shop",
      severity: "P2",
      title: "Slow",
      components: ["search"],
    });
    const tell = (message: string) =>
      client.updateIncident({ incident: String(id), message, phase: "identified" });
    await tell("before");
    // To open the link confirms nothing: programs that look for bad links do so, too.
    expect(await (await ask(link)).text()).toContain("<button>");
    expect((await ask(link, {})).status).toBe(200);
    await tell("after");
    await until("what is told", async () => (await inbox()).length >= 2);
    const mail = (await inbox()).filter(({ to }) => to.includes("eve@example.com"));
    expect(mail).toHaveLength(2);
    const told = await sandbox.admin<{ text: string }>("GET", `/accounts/shop/preview/mail/${mail[0]!.id}`);
    expect(told.text).toContain("after");
    await ask(/\/subscriptions\/leave\?token=\S+/.exec(told.text)![0], {});
    expect(await database.query("SELECT 1 FROM status_subscribers")).toEqual([]);
  },
  limitMs,
);

test(
  "ten thousand who follow never hold up a page",
  async () => {
    await database.query(
      `INSERT INTO status_subscribers (app, email, token, confirmed_at)
     SELECT 'shop', 'subscriber' || n || '@example.com', 'token' || n, now() FROM generate_series(1, 10000) AS n`,
    );
    let heardAtMs = 0;
    const hook = Bun.serve({
      ...{ port: 0, hostname: "127.0.0.1" },
      fetch() {
        heardAtMs ||= Date.now();
        return Response.json({ status: "success", dedup_key: "k" }, { status: 202 });
      },
    });
    try {
      await client.addChannel({
        ...{ app: "shop", name: "pager", kind: "pagerduty" },
        settings: { routingKey: "a".repeat(32), baseUrl: `http://127.0.0.1:${hook.port}` },
      });
      const { incidents } = await client.listIncidents({});
      await client.updateIncident({
        incident: String(incidents[0]!.id),
        message: "to all",
        phase: "monitoring",
      });
      const waiting = async () =>
        (
          await database.query<{ count: number }>(
            "SELECT count(*)::integer AS count FROM notifications WHERE lane = 'subscribers' AND state IN ('queued', 'sending')",
          )
        )[0]!.count;
      await until("thousands wait", async () => (await waiting()) > 9_000);
      const openedAtMs = Date.now();
      heardAtMs = 0;
      await client.openIncident({ app: "shop", severity: "P0", title: "All is down" });
      await until("the page", () => heardAtMs > 0);
      expect(await waiting()).toBeGreaterThan(1_000);
      if (process.env["EVENKEEL_TEST_FIGURES"])
        console.log(`paged after ${heardAtMs - openedAtMs} ms, ${await waiting()} wait`);
    } finally {
      await hook.stop(true);
    }
  },
  limitMs,
);
