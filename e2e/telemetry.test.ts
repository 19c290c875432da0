import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import type {
  AnalyticsReport,
  CostReport,
  IntakeReport,
  Trace,
  TraceSummary,
  VitalsRow,
} from "@evenkeel/control";
import { openBrowser } from "./harness/browser.ts";
import { eventually } from "./harness/http.ts";
import { repository, TestPlatform } from "./harness/platform.ts";
import { writePrebuilt } from "./harness/prebuilt.ts";

const host = "shop.localhost";
const fixture = (name: string) => join(repository, "e2e/fixtures/telemetry", name);

async function bundle(entry: string, target: "node" | "browser"): Promise<string> {
  const { outputs } = await Bun.build({
    entrypoints: [fixture(entry)],
    ...{ target, format: target === "node" ? "cjs" : "iife" },
    define: { "process.env.NODE_ENV": '"production"' },
  });
  return outputs[0]!.text();
}

let platform: TestPlatform;
beforeAll(async () => {
  platform = await TestPlatform.start();
  const instrumented = await bundle("instrumented.ts", "node");
  writePrebuilt(platform.sourceFolder("shop"), {
    config: {
      routes: [{ handle: "filesystem" }, { src: "/products/.*", dest: "/index.html" }],
    },
    functions: {
      "api/protobuf": instrumented,
      "api/json": `process.env.OTEL_EXPORTER_OTLP_PROTOCOL = "http/json";\n${instrumented}`,
      "api/broken": 'module.exports = () => { throw new Error("on purpose"); };',
      "api/key": "module.exports = (_, res) => res.json(process.env.OTEL_EXPORTER_OTLP_HEADERS);",
    },
    files: {
      "index.html":
        '<!doctype html><title>Shop</title><h1>Shop</h1><button>Buy</button><script src="/page.js"></script>',
      "page.js": await bundle("page.ts", "browser"),
    },
  });
  await platform.deploy(platform.sourceFolder("shop"), "--prebuilt", "--app", "shop", "--prod");
}, 180_000);
afterAll(() => platform?.stop(), 120_000);

/** It comes within a second or two. */
async function traceOf(id: string): Promise<Trace | undefined> {
  const { exitCode, stdout } = await platform.run("trace", id, "--json");
  return exitCode === 0 ? (JSON.parse(stdout) as Trace) : undefined;
}

/** Every span of a trace by its name, with its parent's. */
function parents({ roots }: Pick<Trace, "roots">): Record<string, string> {
  const found: Record<string, string> = {};
  const visit = (node: Trace["roots"][number], parent: string) => {
    found[`${node.span.service}: ${node.span.name}`] = parent;
    for (const child of node.children) visit(child, `${node.span.service}: ${node.span.name}`);
  };
  for (const root of roots) visit(root, "");
  return found;
}

describe("telemetry", () => {
  test.each(["protobuf", "json"])(
    "of OpenTelemetry's own SDK arrives in %s, joined to the edge's and the function's spans",
    async (encoding) => {
      const answer = await platform.get(host, `/api/${encoding}`);
      expect(answer.text()).toBe(`http/${encoding}`);
      const id = String(answer.headers["x-vercel-id"]);
      const trace = await eventually(
        () => traceOf(id),
        (found) => found !== undefined && found.spanCount >= 5,
      );
      if (!trace) throw new Error("No trace");
      expect(trace).toMatchObject({ app: "shop", environment: "production", errorCount: 1 });
      const call = Object.keys(parents(trace)).find((name) => name.startsWith("edge: call"))!;
      expect(parents(trace)).toMatchObject({
        [`edge: GET /api/${encoding}`]: "",
        [call]: `edge: GET /api/${encoding}`,
        [`function: GET /api/${encoding}`]: call,
        "shop: take order": `function: GET /api/${encoding}`,
        "shop: SELECT orders": "shop: take order",
      });
      const drawn = await platform.must("trace", trace.traceId);
      expect(drawn).toContain("! shop · SELECT orders");
      expect(drawn).toContain("relation does not exist");
      const intake = (await platform.api("GET", "/apps/shop/telemetry/production")).json() as IntakeReport;
      expect(intake.kinds.metrics.accepted).toBeGreaterThanOrEqual(2);
      expect(intake.kinds.traces).toMatchObject({ rejected: 0 });
      const lines = await eventually(
        () => platform.must("logs", "shop", "--json", "--field", `traceId=${trace.traceId}`),
        (found) => found.includes("the order was odd"),
      );
      const line = JSON.parse(lines.trim().split("\n")[0]!) as object;
      expect(line).toMatchObject({ stream: "otlp", level: "error", fields: { "order.id": 17 } });
    },
    120_000,
  );

  test("says what an app spent, and alerts before its token rate is spent", async () => {
    await platform.must("price", "openai", "gpt-4o", "input_tokens", "2.50", "--per", "1000000");
    await platform.must("budget", "set", "shop", "--provider", "openai", "--tokens-per-minute", "180000");
    await platform.get(host, "/api/protobuf");
    const { spending, alerts } = await eventually(
      () => platform.json<CostReport>("cost", "shop"),
      (report) => report.spending.some(({ microUsd }) => microUsd > 0) && report.alerts.length > 0,
    );
    expect(spending).toMatchObject([{ provider: "openai", item: "gpt-4o", unit: "input_tokens" }]);
    expect(alerts[0]).toMatchObject({ provider: "openai", kind: "tokens_per_minute", most: 180_000 });
    expect(await platform.must("cost", "shop")).toContain("gpt-4o");
    await eventually(
      () => platform.must("metrics", "shop", "--list"),
      (listed) => listed.includes("app.shop.orders") && listed.includes("tokens"),
    );
  }, 120_000);

  test("is scraped by Prometheus with a token that may do nothing else", async () => {
    const { secret } = await platform.json<{ secret: string }>(
      "token",
      "create",
      "prometheus",
      "--permission",
      "metrics",
    );
    const ask = (path: string, token: string) =>
      platform.ask("127.0.0.1", path, { headers: { authorization: `Bearer ${token}` } });
    expect((await ask("/metrics", "evk_nobody_x")).status).toBe(401);
    expect((await ask("/api/apps/shop/logs", secret)).status).toBe(403);
    const page = await eventually(
      async () => {
        // What was counted before the first scrape is not told.
        await platform.get(host, "/");
        return (await ask("/metrics", secret)).text();
      },
      (text) =>
        /^evenkeel_requests_total\{app="shop",environment="production",deployment="\w+"\} [1-9]/m.test(text),
    );
    expect(page).toContain('evenkeel_measuring{origin="edge"} 1');
    const reader = await platform.json<{ secret: string }>(
      "token",
      "create",
      "reader",
      "--permission",
      "read",
    );
    expect((await ask("/metrics", reader.secret)).status).toBe(403);
  }, 60_000);

  test("of a client's own trace goes on, and failures are found among all", async () => {
    const traceId = "0af7651916cd43dd8448eb211c80319c";
    const traceparent = `00-${traceId}-b7ad6b7169203331-01`;
    expect((await platform.get(host, "/api/broken", { traceparent })).status).toBe(500);
    await eventually(
      () => platform.json<TraceSummary[]>("traces", "shop", "--errors"),
      (traces) => traces.some((trace) => trace.traceId === traceId && trace.name === "GET /api/broken"),
    );
    expect((await platform.failing("trace", "no-such-trace", "--json")).stdout).toContain("trace_unknown");
  }, 120_000);

  test("that is garbage is refused with the reason, to its sender alone", async () => {
    const authorization = decodeURIComponent((await platform.get(host, "/api/key")).json() as string).replace(
      /^authorization=/,
      "",
    );
    const send = (body: string, headers: Record<string, string>) =>
      platform.ask("127.0.0.1", "/.well-known/evenkeel-otlp/v1/traces", { method: "POST", body, headers });
    const json = { "content-type": "application/json" };
    const garbage = await send('{"resourceSpans": 5}', { ...json, authorization });
    expect(garbage.status).toBe(400);
    expect((garbage.json() as { message: string }).message).toContain("array expected");
    expect((await send("{}", { ...json, authorization: "Bearer guessed" })).status).toBe(401);
    expect((await send("x", { "content-type": "text/plain", authorization })).status).toBe(415);
    expect((await send("x", { ...json, authorization, "content-encoding": "gzip" })).status).toBe(400);
    expect((await send("{}", { ...json, authorization })).status).toBe(200);
    expect(await platform.must("metrics", "shop")).toMatch(/spans that the app sent were refused.* no gzip/s);
  }, 60_000);

  test("of visitors comes from a real page with Vercel's packages, without cookies", async () => {
    const browser = await openBrowser(
      "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
    );
    try {
      const tab = await browser.context.newPage();
      const isMeasured = (answer: { url(): string; ok(): boolean }) =>
        answer.url().endsWith("/vitals") && answer.ok();
      const measured = tab.waitForResponse(isMeasured, { timeout: 60_000 });
      await tab.goto(`http://${host}:${platform.port}/products/7?secret=1`);
      await tab.locator("button").click();
      await tab.evaluate("history.pushState({}, '', '/products/8')");
      await measured;
      await tab.goto("about:blank");
      const report = await eventually(
        () => platform.json<AnalyticsReport>("analytics", "shop"),
        ({ views, events }) => views >= 2 && events.length > 0,
      );
      expect(report).toMatchObject({ visitors: 1, views: 2 });
      expect(report.pages.map(({ value }) => value).sort()).toEqual(["/products/7", "/products/8"]);
      expect(report).toMatchObject({
        events: [{ value: "buy", visitors: 1, count: 1 }],
        devices: [{ value: "desktop" }],
        browsers: [{ value: "Chrome" }],
      });
      const vitals = await eventually(
        () => platform.json<VitalsRow[]>("vitals", "shop"),
        (rows) => rows.some(({ name }) => name === "FCP"),
      );
      expect(vitals.every(({ route }) => route === "/products/[id]")).toBe(true);
      expect(vitals.map(({ name }) => name)).toContain("TTFB");
      // What a runbook looks at.
      const listed = await eventually(
        () => platform.must("metrics", "shop", "--list"),
        (told) => told.includes("fcp"),
      );
      expect(listed).toContain("ttfb");
      expect(await browser.context.cookies()).toEqual([]);
      expect(await platform.must("vitals", "shop")).toContain("good");
    } finally {
      await browser.close();
    }
  }, 120_000);
});
