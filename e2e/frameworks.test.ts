import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { openBrowser } from "./harness/browser.ts";
import { eventually } from "./harness/http.ts";
import { type Deployed, TestPlatform } from "./harness/platform.ts";

let platform: TestPlatform;
let preview: Deployed;

beforeAll(async () => {
  platform = await TestPlatform.start();
  const deploy = (fixture: string, app: string) =>
    platform.deploy(platform.copyFixture(fixture), "--app", app, "--prod");
  const changed = platform.copyFixture("static-site", "static-site-changed");
  writeFileSync(join(changed, "index.html"), "<!doctype html><h1>A changed site</h1>");
  [, , , , preview] = await Promise.all([
    deploy("sveltekit", "kit"),
    deploy("express-listen", "express"),
    deploy("hono-backend", "hono"),
    deploy("static-site", "plain"),
    platform.deploy(changed, "--app", "plain", "--branch", "feature/x"),
  ]);
}, 600_000);
afterAll(() => platform?.stop(), 60_000);

describe("a Hono backend that exports its app", () => {
  const host = "hono.localhost";

  test("answers its routes, its own 404 and bodies", async () => {
    expect((await platform.get(host, "/")).text()).toBe("Hono is here");
    expect((await platform.get(host, "/users/a%20b?x=1&y=%26")).json()).toEqual({
      id: "a b",
      query: { x: "1", y: "&" },
    });
    const echo = await platform.ask(host, "/echo", { body: "Grüße" });
    expect([echo.status, echo.text()]).toEqual([201, "Grüße"]);
    const missing = await platform.get(host, "/nowhere");
    expect([missing.status, missing.text()]).toEqual([404, "Hono knows no such page"]);
  });

  test("streams events", async () => {
    const events = await platform.get(host, "/events");
    expect(events.headers["content-type"]).toStartWith("text/event-stream");
    expect(events.text()).toBe("data: 0\n\ndata: 1\n\ndata: 2\n\n");
  });
});

describe("an Express server that listens on PORT", () => {
  const host = "express.localhost";

  test("answers HTTP with its own middleware", async () => {
    expect((await platform.get(host, "/")).text()).toBe("Express is here");
    expect((await platform.get(host, "/hello/Ada")).json()).toEqual({ hello: "Ada", host });
    const sum = await platform.ask(host, "/sum", {
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ numbers: [1, 2, 39] }),
    });
    expect(sum.json()).toEqual({ sum: 42 });
    const head = await platform.ask(host, "/", { method: "HEAD" });
    expect([head.headers["content-length"], head.body.length]).toEqual(["15", 0]);
  });

  test("speaks WebSocket on the same port, text and binary, in order, while HTTP goes on", async () => {
    const socket = openSocket(host, "/socket");
    await socket.opened;
    const big = new Uint8Array(1024 * 1024).map((_, index) => index % 251);
    for (let number = 0; number < 50; number++) socket.client.send(`message ${number}`);
    socket.client.send(big);
    expect((await platform.get(host, "/")).text()).toBe("Express is here");
    socket.client.send("last");
    await eventually(
      () => socket.received.length,
      (count) => count === 52,
    );
    expect(socket.received.slice(0, 50)).toEqual(
      Array.from({ length: 50 }, (_, number) => `message ${number}`),
    );
    expect(Buffer.from(socket.received[50] as ArrayBuffer).equals(Buffer.from(big))).toBe(true);
    expect(socket.received[51]).toBe("last");
    socket.client.close(4_001, "enough");
    expect((await socket.closed).code).toBe(4_001);
  });

  test("refuses a WebSocket where it has none, and lives on", async () => {
    const refused = openSocket(host, "/elsewhere");
    refused.opened.catch(() => {});
    expect((await refused.closed).code).not.toBe(1_000);
    expect((await platform.get(host, "/")).status).toBe(200);
  });
});

describe("a SvelteKit app", () => {
  const host = "kit.localhost";

  test("hydrates, and posts a form, in a browser", async () => {
    const browser = await openBrowser();
    try {
      const page = await browser.context.newPage();
      const failed: string[] = [];
      page.on("pageerror", (error) => failed.push(String(error)));
      await page.goto(`http://${host}:${platform.port}/?q=tea`);
      await page.getByText("asked for tea").waitFor({ timeout: 30_000 });
      // The button is there before its script is.
      await eventually(
        async () => {
          await page.locator("#counter").click();
          return page.locator("#counter").textContent();
        },
        (label) => /^clicked [1-9]/.test(label ?? ""),
      );
      await page.goto(`http://${host}:${platform.port}/form`);
      await page.getByLabel("word").fill("tea & biscuits");
      await page.getByRole("button").click();
      await page.getByText("you said tea & biscuits").waitFor({ timeout: 30_000 });
      expect(failed).toEqual([]);
    } finally {
      await browser.close();
    }
  });

  test("renders for each request and takes a form without a script, from its own pages only", async () => {
    expect((await platform.get(host, "/?q=one")).text()).toContain("asked for one");
    expect((await platform.get(host, "/?q=two")).text()).toContain("asked for two");
    const post = (origin: string) =>
      platform.ask(host, "/form", {
        headers: { "content-type": "application/x-www-form-urlencoded", origin, accept: "text/html" },
        body: "word=milk",
      });
    expect((await post(`http://${host}:${platform.port}`)).text()).toContain("you said milk");
    expect((await post("http://evil.example")).status).toBe(403);
  });

  test("an ISR page is the same for all until it expires, then stale once, then new", async () => {
    const look = async () => {
      const answer = await platform.get(host, "/isr");
      const rendered = /id="rendered">(\d+)</.exec(answer.text())?.[1];
      return { state: String(answer.headers["x-vercel-cache"]), rendered };
    };
    // Two looks may fall on both sides of the expiry.
    const [, kept] = await eventually(
      async () => [await look(), await look()] as const,
      ([one, two]) => two.state === "HIT" && one.rendered === two.rendered,
    );
    const seen: string[] = [];
    const next = await eventually(look, ({ state, rendered }) => {
      seen.push(state);
      return rendered !== kept.rendered;
    });
    expect(Number(next.rendered)).toBeGreaterThan(Number(kept.rendered));
    expect(seen).toContain("STALE");
  });

  test("serves its hashed files as immutable", async () => {
    const page = (await platform.get(host, "/")).text();
    const script = /["'](?:\.|https?:\/\/[^/"']+)?(\/_app\/immutable\/[^"']+\.js)["']/.exec(page)![1]!;
    const answer = await platform.get(host, script);
    expect(answer.status).toBe(200);
    expect(answer.headers["cache-control"]).toContain("immutable");
  });
});

describe("a plain static site", () => {
  const host = "plain.localhost";

  test("has clean URLs and its own 404 page", async () => {
    expect((await platform.get(host, "/")).text()).toContain("A plain site");
    expect((await platform.get(host, "/guides/first")).text()).toContain("First guide");
    const dirty = await platform.get(host, "/guides/first.html");
    expect([dirty.status, dirty.headers.location]).toEqual([308, "/guides/first"]);
    const missing = await platform.get(host, "/none");
    expect([missing.status, missing.headers["content-type"]]).toEqual([404, "text/html; charset=utf-8"]);
    expect(missing.text()).toContain("Lost on a plain site");
  });

  test("compresses what gets smaller by it, and only for those who take it", async () => {
    const plain = await platform.get(host, "/style.css");
    expect(plain.headers["content-encoding"]).toBeUndefined();
    for (const [accepted, coding, decode] of [
      ["gzip, br, zstd;q=0", "br", brotliDecompressSync],
      ["gzip", "gzip", gunzipSync],
    ] as const) {
      const packed = await platform.get(host, "/style.css", { "accept-encoding": accepted });
      expect(packed.headers["content-encoding"]).toBe(coding);
      expect(packed.headers["content-type"]).toBe("text/css; charset=utf-8");
      expect(packed.headers.etag).not.toBe(plain.headers.etag);
      expect(decode(packed.body).equals(plain.body)).toBe(true);
    }
    expect((await platform.get(host, "/", { "accept-encoding": "br;q=0" })).text()).toContain("plain site");
  });

  test("a branch has a preview at its own alias, which production does not see", async () => {
    const alias = "plain-git-feature-x.localhost";
    for (const name of [alias, preview.host]) {
      const answer = await platform.get(name, "/");
      expect([answer.status, answer.headers["x-robots-tag"]]).toEqual([200, "noindex"]);
      expect(answer.text()).toContain("A changed site");
    }
    const production = await platform.get(host, "/");
    expect(production.text()).toContain("A plain site");
    expect(production.headers["x-robots-tag"]).toBeUndefined();
    const listed = await platform.json<{ id: string; environment: string; branch?: string }[]>(
      "list",
      "plain",
    );
    expect(listed).toContainEqual(
      expect.objectContaining({ id: preview.id, environment: "preview", branch: "feature/x" }),
    );
  });
});

function openSocket(host: string, path: string) {
  const client = new WebSocket(`ws://127.0.0.1:${platform.port}${path}`, {
    headers: { host: `${host}:${platform.port}` },
  } as never);
  client.binaryType = "arraybuffer";
  const received: (string | ArrayBuffer)[] = [];
  client.onmessage = ({ data }) => received.push(data);
  const opened = Promise.withResolvers<void>();
  const closed = Promise.withResolvers<CloseEvent>();
  client.onopen = () => opened.resolve();
  client.onclose = (event) => {
    closed.resolve(event);
    opened.reject(new Error(`closed with ${event.code}`));
  };
  return { client, received, opened: opened.promise, closed: closed.promise };
}
