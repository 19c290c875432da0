import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { openBrowser } from "./harness/browser.ts";
import { eventually } from "./harness/http.ts";
import { type Deployed, TestPlatform } from "./harness/platform.ts";

let platform: TestPlatform;
let deployed: Deployed;
const host = "shop.localhost";

beforeAll(async () => {
  platform = await TestPlatform.start();
  deployed = await platform.deploy(platform.copyFixture("nextjs"), "--app", "shop", "--prod");
}, 900_000);
afterAll(() => platform?.stop(), 60_000);

const text = (html: string, id: string): string | undefined =>
  new RegExp(`id="${id}"[^>]*>(.*?)</`, "s").exec(html)?.[1]?.replaceAll("<!-- -->", "");

describe("a Next.js App Router app", () => {
  test("hydrates, navigates and submits a server action in a browser", async () => {
    const browser = await openBrowser();
    try {
      const page = await browser.context.newPage();
      const failed: string[] = [];
      page.on("response", (response) => {
        if (response.status() >= 400 && !response.url().endsWith("/favicon.ico"))
          failed.push(`${response.status()} ${response.url()}`);
      });
      await page.goto(`http://${host}:${platform.port}/`);
      await page.locator("#counter").click();
      await page.getByText("clicked 1").waitFor({ timeout: 30_000 });
      await page.getByText("to seven").click();
      await page.getByRole("heading", { name: "item 7" }).waitFor({ timeout: 30_000 });
      expect(await page.locator("#color").textContent()).toBe("red");
      await page.goto(`http://${host}:${platform.port}/action`);
      await page.getByLabel("note").fill("remember the milk");
      await page.getByRole("button").click();
      await page.getByText("remember the milk").waitFor({ timeout: 30_000 });
      await page.goto(`http://${host}:${platform.port}/picture`);
      const size = await page.evaluate<number>(
        "(async (image) => { await image.decode(); return image.naturalWidth; })(document.querySelector('img'))",
      );
      expect(size).toBeGreaterThanOrEqual(320);
      expect(failed).toEqual([]);
    } finally {
      await browser.close();
    }
  });

  test("static pages come from the cache, with configured headers", async () => {
    const answer = await platform.get(host, "/");
    expect(answer.status).toBe(200);
    expect(answer.headers["x-fixture"]).toBe("nextjs");
    expect(answer.headers["x-vercel-cache"]).toMatch(/HIT|PRERENDER/);
    expect(answer.headers["x-evenkeel-deployment"]).toBe(deployed.id);
  });

  test("dynamic pages see parameters, query and the public host", async () => {
    const page = (await platform.get(host, "/dynamic/5?color=blue")).text();
    expect(text(page, "id")).toBe("item 5");
    expect(text(page, "color")).toBe("blue");
    expect(text(page, "host")).toBe(`${host}:${platform.port}`);
  });

  test("redirects and rewrites of next.config", async () => {
    const old = await platform.get(host, "/old/3");
    expect([old.status, old.headers.location]).toEqual([308, "/dynamic/3"]);
    const gone = await platform.get(host, "/gone-for-now");
    expect([gone.status, gone.headers.location]).toEqual([307, "/"]);
    expect(text((await platform.get(host, "/nice/8")).text(), "id")).toBe("item 8");
  });

  test("the proxy blocks, redirects, rewrites and changes headers", async () => {
    const blocked = await platform.get(host, "/blocked");
    expect([blocked.status, blocked.text()]).toEqual([403, "Not for you"]);
    const moved = await platform.get(host, "/moved-by-proxy");
    expect(moved.status).toBe(307);
    expect(new URL(moved.headers.location!, `http://${host}:${platform.port}`).pathname).toBe("/");
    expect(text((await platform.get(host, "/rewritten-by-proxy")).text(), "id")).toBe("item 99");
    const through = await platform.get(host, "/dynamic/1");
    expect(text(through.text(), "proxy")).toBe("through the proxy");
    expect(through.headers["x-proxy-answer"]).toBe("yes");
    expect(String(through.headers["set-cookie"])).toContain("proxied=1");
  });

  test("route handlers read, write, stream and set cookies", async () => {
    const got = await platform.get(host, "/api/echo?a=1&b=2");
    const { url } = got.json() as { url: string };
    // Next.js's builder for Vercel says https whatever the client speaks; redirects are led back.
    expect(url.replace(/^https?/, "")).toBe(`://${host}:${platform.port}/api/echo?a=1&b=2`);
    expect((await platform.get(host, "/api/go-home")).headers.location).toBe(
      `http://${host}:${platform.port}/`,
    );
    expect(got.json()).toMatchObject({
      query: { a: "1", b: "2" },
      environment: "production",
    });
    expect(String(got.headers["set-cookie"])).toContain("seen=yes");
    const posted = await platform.ask(host, "/api/echo", { body: "x".repeat(200_000) });
    expect([posted.status, posted.headers["x-length"]]).toEqual([201, "200000"]);
    const chunks: string[] = [];
    await platform.ask(host, "/api/stream", { onChunk: (chunk) => chunks.push(chunk.toString()) });
    expect(chunks.join("")).toBe("data: 0\n\ndata: 1\n\ndata: 2\n\n");
    expect(chunks.length).toBeGreaterThanOrEqual(2);
  });

  test("a page streams its slow part after the rest", async () => {
    const chunks: string[] = [];
    const answer = await platform.ask(host, "/stream", { onChunk: (chunk) => chunks.push(chunk.toString()) });
    expect(answer.text()).toContain("the slow part");
    expect(chunks[0]).toContain("waiting");
    expect(chunks[0]).not.toContain("the slow part");
  });

  test("after() runs when the answer is out", async () => {
    await platform.get(host, "/api/after");
    await eventually(
      async () => ((await platform.get(host, "/api/after")).json() as { finished: number }).finished,
      (finished) => finished > 0,
    );
  });

  test("an ISR page is rendered again in the background when it is old", async () => {
    const first = text((await platform.get(host, "/isr")).text(), "rendered");
    expect(first).toMatch(/^\d+$/);
    const later = await eventually(
      async () => text((await platform.get(host, "/isr")).text(), "rendered"),
      (seen) => seen !== first,
    );
    expect(Number(later)).toBeGreaterThan(Number(first));
  });

  test("revalidateTag and revalidatePath take effect", async () => {
    const stamp = async () => text((await platform.get(host, "/posts")).text(), "stamp");
    const revalidate = (body: object) =>
      platform.ask(host, "/api/revalidate", {
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
      });
    for (const wish of [{ tag: "posts" }, { path: "/posts" }]) {
      const before = await stamp();
      expect(await stamp()).toBe(before);
      expect((await revalidate(wish)).status).toBe(200);
      if ("tag" in wish) await eventually(stamp, (seen) => seen !== undefined && seen !== before);
      else expect((await platform.get(host, "/posts")).status).toBe(200);
    }
  });

  test("images are optimised as allowed and refused otherwise", async () => {
    const path = "/_next/image?url=%2Fphoto.png&w=640&q=75";
    const webp = await platform.get(host, path, { accept: "image/webp,*/*" });
    expect([webp.status, webp.headers["content-type"]]).toEqual([200, "image/webp"]);
    expect((await platform.get(host, "/_next/image?url=%2Fphoto.png&w=641&q=75")).status).toBe(400);
    expect(
      (await platform.get(host, "/_next/image?url=http%3A%2F%2F127.0.0.1%2Fx.png&w=640&q=75")).status,
    ).toBe(400);
  });

  test("an unknown page shows the app's own not-found page", async () => {
    const answer = await platform.get(host, "/no/such/page");
    expect(answer.status).toBe(404);
    expect(answer.text()).toContain("Nothing is sold here");
  });
});
