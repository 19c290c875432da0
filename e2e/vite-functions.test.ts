import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { openBrowser } from "./harness/browser.ts";
import { eventually } from "./harness/http.ts";
import { type Deployed, TestPlatform } from "./harness/platform.ts";

let platform: TestPlatform;
let deployed: Deployed;
const host = "shop.localhost";

beforeAll(async () => {
  platform = await TestPlatform.start();
  const environment = join(platform.folder, "production.env");
  await Bun.write(environment, 'FIXTURE_SECRET="only for functions"\n');
  deployed = await platform.deploy(
    platform.copyFixture("vite-functions"),
    "--app",
    "shop",
    "--prod",
    "--env-file",
    environment,
  );
}, 600_000);
afterAll(() => platform?.stop(), 60_000);

describe("a Vite app with functions", () => {
  test("runs in a browser: page, script, style and function", async () => {
    const browser = await openBrowser();
    try {
      const page = await browser.context.newPage();
      await page.goto(`http://${host}:${platform.port}/`);
      await page.getByText("Hello browser").waitFor({ timeout: 30_000 });
      expect(await page.evaluate<string>("getComputedStyle(document.body).color")).toBe("rgb(20, 60, 120)");
    } finally {
      await browser.close();
    }
  });

  test("answers on its production alias and on its immutable host", async () => {
    for (const name of [host, deployed.host]) {
      const answer = await platform.get(name, "/");
      expect(answer.status).toBe(200);
      expect(answer.text()).toContain("Fixture vite");
      expect(answer.headers["x-evenkeel-deployment"]).toBe(deployed.id);
    }
  });

  test("vercel.json: clean URLs, no trailing slash, rewrites, redirects, headers, own 404 page", async () => {
    expect((await platform.get(host, "/docs/intro")).text()).toContain("Introduction");
    const dirty = await platform.get(host, "/docs/intro.html");
    expect([dirty.status, dirty.headers.location]).toEqual([308, "/docs/intro"]);
    const slash = await platform.get(host, "/docs/intro/");
    expect([slash.status, slash.headers.location]).toEqual([308, "/docs/intro"]);
    const moved = await platform.get(host, "/old-docs/intro");
    expect([moved.status, moved.headers.location]).toEqual([308, "/docs/intro"]);
    expect((await platform.get(host, "/app/any/where")).text()).toContain("Fixture vite");
    const item = await platform.get(host, "/item/42");
    expect([item.headers["x-item"], item.text()]).toEqual(["42", "item 42"]);
    const missing = await platform.get(host, "/no/such/page");
    expect([missing.status, missing.headers["x-fixture"]]).toEqual([404, "vite"]);
    expect(missing.text()).toContain("The fixture's own 404");
  });

  test("static files: strong ETag, 304, ranges, HEAD, compression, immutable assets", async () => {
    const whole = await platform.get(host, "/numbers.txt");
    expect(whole.headers["content-length"]).toBe(String(whole.body.length));
    const etag = whole.headers.etag!;
    expect(etag).toMatch(/^"/);
    const unchanged = await platform.get(host, "/numbers.txt", { "if-none-match": etag });
    expect([unchanged.status, unchanged.body.length]).toEqual([304, 0]);
    const part = await platform.get(host, "/numbers.txt", { range: "bytes=10-19" });
    expect([part.status, part.text()]).toEqual([206, whole.text().slice(10, 20)]);
    expect(part.headers["content-range"]).toBe(`bytes 10-19/${whole.body.length}`);
    const outside = await platform.get(host, "/numbers.txt", { range: "bytes=99999999-" });
    expect(outside.status).toBe(416);
    const head = await platform.ask(host, "/numbers.txt", { method: "HEAD" });
    expect([head.headers["content-length"], head.body.length]).toEqual([String(whole.body.length), 0]);
    for (const [coding, decode] of [
      ["br", (body: Buffer) => brotliDecompressSync(body)],
      ["gzip", (body: Buffer) => gunzipSync(body)],
      ["zstd", (body: Buffer) => Bun.zstdDecompressSync(body)],
    ] as const) {
      const packed = await platform.get(host, "/numbers.txt", { "accept-encoding": coding });
      expect(packed.headers["content-encoding"]).toBe(coding);
      expect(packed.headers.vary?.toLowerCase()).toContain("accept-encoding");
      expect(packed.body.length).toBeLessThan(whole.body.length / 2);
      expect(Buffer.from(decode(packed.body)).equals(whole.body)).toBe(true);
    }
    const script = /src="(\/assets\/[^"]+)"/.exec((await platform.get(host, "/")).text())![1]!;
    expect((await platform.get(host, script)).headers["cache-control"]).toContain("immutable");
  });

  test("(req, res) functions get query, cookies and body", async () => {
    const answer = await platform.ask(host, "/api/hello?name=Ada", {
      method: "POST",
      headers: { cookie: "a=1; b=two%20words", "content-type": "application/json" },
      body: JSON.stringify({ deep: [1, 2] }),
    });
    expect(answer.json()).toEqual({
      greeting: "Hello Ada",
      method: "POST",
      cookies: { a: "1", b: "two words" },
      body: { deep: [1, 2] },
      url: "/api/hello?name=Ada",
    });
    const broken = await platform.ask(host, "/api/hello", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: "{ broken",
    });
    expect(broken.status).toBe(400);
  });

  test("Web-standard functions answer by method, by fetch and in the Edge runtime", async () => {
    expect((await platform.get(host, "/api/web?x=1")).json()).toEqual({
      style: "web",
      path: "/api/web",
      query: { x: "1" },
    });
    const posted = await platform.ask(host, "/api/web", { body: "quiet" });
    expect([posted.status, posted.text(), posted.headers["x-received"]]).toEqual([201, "QUIET", "5"]);
    expect((await platform.ask(host, "/api/web", { method: "DELETE" })).status).toBe(405);
    expect((await platform.get(host, "/api/fetch")).text()).toBe("fetch GET");
    expect((await platform.get(host, "/api/edge")).json()).toEqual({ runtime: "string", path: "/api/edge" });
  });

  test("events stream as they are written", async () => {
    const chunks: string[] = [];
    const answer = await platform.ask(host, "/api/events", {
      onChunk: (chunk) => chunks.push(chunk.toString()),
    });
    expect(answer.headers["content-type"]).toStartWith("text/event-stream");
    expect(chunks.length).toBeGreaterThanOrEqual(3);
    expect(answer.text()).toBe("data: 0\n\ndata: 1\n\ndata: 2\n\n");
  });

  test("large bodies arrive whole, both ways", async () => {
    const body = Buffer.alloc(5 * 1024 * 1024, "upload ");
    const uploaded = await platform.ask(host, "/api/upload", {
      body,
      headers: { "content-type": "application/octet-stream" },
    });
    expect(uploaded.json()).toEqual({
      length: body.length,
      sha256: createHash("sha256").update(body).digest("hex"),
    });
    const download = await platform.get(host, "/api/download?mb=32");
    expect(download.body.length).toBe(32 * 1024 * 1024);
    expect(download.body.every((byte) => byte === 97)).toBe(true);
  });

  test("the function sees the raw path, exact lengths, and no spoofed internal header", async () => {
    const raw = await platform.get(host, "/api/raw?a=%2F..%2f&b=1+2", {
      "x-evenkeel-params": "id=evil",
      "x-vercel-id": "spoofed",
      "x-forwarded-for": "6.6.6.6",
      "x-matched-path": "/evil",
      "x-middleware-subrequest": "proxy:proxy:proxy",
    });
    const { url, headers } = raw.json() as { url: string; headers: Record<string, string> };
    expect(url).toBe("/api/raw?a=%2F..%2f&b=1+2");
    expect(Object.keys(headers).filter((name) => name.startsWith("x-evenkeel-"))).toEqual([]);
    expect(headers["x-vercel-id"]).not.toBe("spoofed");
    expect(headers["x-forwarded-for"]).toBe("127.0.0.1");
    expect(headers["x-forwarded-host"]).toBe(`${host}:${platform.port}`);
    expect(headers["x-forwarded-proto"]).toBe("http");
    expect(headers["x-matched-path"]).not.toBe("/evil");
    expect(headers["x-middleware-subrequest"]).toBeUndefined();
    expect(headers["x-vercel-deployment-url"]).toBe(`${deployed.host}:${platform.port}`);
    const head = await platform.ask(host, "/api/raw", { method: "HEAD" });
    expect(Number(head.headers["content-length"])).toBeGreaterThan(100);
    expect(head.body.length).toBe(0);
  });

  test("functions get the deployment's variables and nothing of the platform's", async () => {
    const seen = (await platform.get(host, "/api/environment")).json() as Record<string, unknown>;
    expect(seen).toMatchObject({
      vercel: "1",
      environment: "production",
      secret: "only for functions",
      url: `${deployed.host}:${platform.port}`,
    });
    const platformNames = (seen["names"] as string[]).filter((name) =>
      /^EVENKEEL_(HOME|RUN|DATABASE)/.test(name),
    );
    expect(platformNames).toEqual([]);
    if (process.getuid?.() === 0) expect(seen["uid"]).not.toBe(0);
  });

  test("waitUntil goes on after the answer", async () => {
    await platform.get(host, "/api/background");
    await eventually(
      async () => ((await platform.get(host, "/api/background")).json() as { finished: number }).finished,
      (finished) => finished > 0,
    );
  });

  test("handlers that fail answer 500 or 504 and the others go on", async () => {
    for (const name of ["throws", "exits", "import-throws", "no-handler"]) {
      const answer = await platform.get(host, `/api/odd/${name}`);
      expect([name, answer.status]).toEqual([name, 500]);
      expect(answer.text()).not.toContain("/launcher");
    }
    expect((await platform.get(host, "/api/odd/never")).status).toBe(504);
    expect((await platform.get(host, "/api/hello")).status).toBe(200);
    const logs = await platform.must("logs", "shop");
    expect(logs).toContain("the handler threw on purpose");
    expect(logs).toContain("this module cannot be loaded");
  });

  test("an unknown host is told so, with a remedy", async () => {
    const answer = await platform.get("nobody.localhost", "/", { accept: "text/html" });
    expect(answer.status).toBe(404);
    expect(answer.text()).toContain("nobody.localhost");
  });
});
