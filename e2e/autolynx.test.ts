import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { cpSync } from "node:fs";
import { join } from "node:path";
import type { BrowserContext, Page } from "playwright-core";
import { openBrowser } from "./harness/browser.ts";
import { eventually } from "./harness/http.ts";
import { repository, TestPlatform } from "./harness/platform.ts";

/** The app as it is in `apps/`, on the platform, with the sandbox's voice provider. */
let platform: TestPlatform;
let browser: { context: BrowserContext; close(): Promise<void> };
let page: Page;
const host = "autolynx.localhost";
const secrets = {
  WEBHOOK_SHARED_SECRET: "webhook-secret-of-this-test-0123456789-0123456789",
  CRON_SHARED_SECRET: "cron-secret-of-this-test-0123456789-0123456789",
  SETUP_TOKEN: "set-up-token-of-this-test-0001",
  FIRST_ADMIN_EMAIL: "olga@example.com",
};
const people = [
  "name,phone,city",
  "Rosa,+14155552671,Lima",
  "Rosa again,(415) 555-2671,Lima",
  "Nobody,911,Rome",
  '"=HYPERLINK(""http://x"")",+14155552673,Bari',
  "Ana,+14155552674,Quito",
];

/** What only the provider's own side can do. */
async function sandbox<T>(method: string, path: string, body?: object): Promise<T> {
  const response = await fetch(`http://sandbox/accounts/autolynx/production${path}`, {
    unix: join(platform.home, "run/sandbox.sock"),
    method,
    ...(body && { body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
  return (await response.json()) as T;
}

/** The provider's API, as its customer uses it. */
async function provider<T>(method: string, path: string, body?: object): Promise<T> {
  const { variables } = await sandbox<{ variables: { vapi: Record<string, string> } }>("GET", "/variables");
  const response = await fetch(`${variables.vapi["VAPI_BASE_URL"]}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${variables.vapi["VAPI_API_KEY"]}`,
      "content-type": "application/json",
    },
    ...(body && { body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
  return (await response.json()) as T;
}

const at = (path: string) => `http://${host}:${platform.port}${path}`;
beforeAll(async () => {
  platform = await TestPlatform.start();
  await platform.must("sandbox", "enable", "autolynx", "--env", "production", "--yes");
  for (const [name, value] of Object.entries(secrets))
    await platform.runIn(repository, ["env", "set", "autolynx", name, "--env", "production"], {}, value);
  await provider("POST", "/assistant", { name: "Booker", firstMessage: "Hello {{name}} in {{city}}!" });
  for (const number of ["+14155552671", "+14155552673", "+14155552674"]) {
    const says = ["Hello?", "The tulips suit me well.", "Goodbye."];
    await sandbox("PUT", `/phones/${encodeURIComponent(number)}`, {
      holder: "persona",
      pickup: "answers",
      says,
    });
  }
  await platform.deploy(join(repository, "apps/autolynx"), "--app", "autolynx", "--prod");
  browser = await openBrowser();
  page = await browser.context.newPage();
}, 420_000);
afterAll(async () => {
  await browser?.close();
  await platform?.stop();
}, 120_000);

describe("autolynx", () => {
  test("is well, and its doors are shut to strangers", async () => {
    const health = await platform.get(host, "/api/health");
    expect(health.json()).toMatchObject({
      status: "healthy",
      checks: { database: { healthy: true }, vapi: { healthy: true }, auth: { healthy: true } },
    });
    for (const path of ["/api/scheduler/tick", "/api/campaigns", "/api/live", "/api/people"])
      expect((await platform.get(host, path)).status, path).toBe(401);
    const forged = await platform.ask(host, "/api/webhooks/vapi", {
      method: "POST",
      headers: {
        "x-autolynx-signature": "00",
        "x-autolynx-timestamp": String(Math.floor(Date.now() / 1000)),
      },
      body: "{}",
    });
    expect(forged.status).toBe(401);
    expect((await platform.get(host, "/")).headers.location).toEndWith("/sign-in");
  }, 60_000);

  test("lets the first administrator in by a link that is good once", async () => {
    await page.goto(at(`/welcome?token=${secrets.SETUP_TOKEN}`));
    await page.getByLabel("Your name").fill("Olga");
    await page.getByLabel("Password").fill("a long enough password");
    await page.getByRole("button", { name: "Begin" }).click();
    await page.getByText("No campaign yet").waitFor();
    const again = await platform.ask(host, "/api/session/welcome", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ token: secrets.SETUP_TOKEN, name: "Eve", password: "another long password" }),
    });
    expect(again.status).toBe(409);
  }, 60_000);

  test("makes a campaign of a file that is shown before it is stored", async () => {
    await page.getByRole("link", { name: "New campaign" }).click();
    await page.getByLabel("Name of the campaign").fill("Tulips");
    await page.getByLabel("From", { exact: true }).fill("00:00");
    await page.getByLabel("Until").fill("00:00");
    for (const day of ["Sat", "Sun"]) await page.getByLabel(day).check();
    await page.getByLabel("Country of numbers").fill("US");
    await page.getByRole("button", { name: "Make it" }).click();
    await page.getByRole("heading", { name: "Tulips" }).waitFor();
    await page.getByLabel("CSV file").setInputFiles({
      name: "people.csv",
      mimeType: "text/csv",
      buffer: Buffer.from(people.join("\r\n")),
    });
    await page.getByText("is the same number as in line 2").waitFor();
    await page.getByText("is an emergency number").waitFor();
    await page.getByRole("button", { name: "Store 3, leave 2 out" }).click();
    await page.getByText("of 3", { exact: true }).waitFor();
  }, 60_000);

  test("calls everybody once, and whoever watches sees it as it happens", async () => {
    const watcher = await browser.context.newPage();
    await watcher.goto(at("/"));
    await watcher.getByText("0 of 3 contacts").waitFor();
    await page.getByRole("button", { name: "Start" }).click();
    await page.getByText("Talking").first().waitFor({ timeout: 60_000 });
    await platform.must("sandbox", "speed", "autolynx", "20", "--env", "production");
    await watcher.getByText("Running", { exact: true }).first().waitFor();
    await page.getByText("Completed", { exact: true }).waitFor({ timeout: 60_000 });
    await watcher.getByText("3 of 3 contacts").waitFor({ timeout: 30_000 });
    await watcher.close();
    await platform.must("schedules", "run", "autolynx", "/api/scheduler/tick");
    const { calls } = await sandbox<{ calls: { number: string }[] }>("GET", "/phones");
    expect(calls.map(({ number }) => number).sort()).toEqual([
      "+14155552671",
      "+14155552673",
      "+14155552674",
    ]);
  }, 180_000);

  test("lets a result be listened to, read, found and exported", async () => {
    await page.getByRole("link", { name: "Rosa" }).click();
    await page.getByText("Hello Rosa in Lima!").waitFor();
    const seconds = await page.evaluate<number>(
      `new Promise((resolve, reject) => {
        const audio = document.querySelector("audio");
        audio.onloadedmetadata = () => resolve(audio.duration);
        audio.onerror = () => reject(new Error(audio.error.message));
        audio.preload = "metadata";
        audio.load();
      })`,
    );
    expect(seconds).toBeGreaterThan(1);
    // The last report may come a moment after the last call's end.
    await eventually(
      async () => {
        await page.goto(at("/search?q=tulips+-nothing"));
        return page.getByRole("row").count();
      },
      (rows) => rows === 4,
      30_000,
    );
    await page.getByRole("link", { name: "Rosa" }).click();
    await page.getByRole("link", { name: "Tulips" }).click();
    const path = await page.getByRole("link", { name: "Export CSV" }).getAttribute("href");
    const csv = await page.evaluate<string>(`fetch(${JSON.stringify(path)}).then((answer) => answer.text())`);
    expect(csv.split("\r\n").filter((line) => line !== "").length).toBeGreaterThanOrEqual(4);
    expect(csv).toContain(`+14155552673,"'=HYPERLINK(""http://x"")",COMPLETED`);
    const [spent] = await page.evaluate<{ spentMicrodollars: number }[]>(
      `fetch("/api/spend").then((answer) => answer.json()).then(({ campaigns }) => campaigns)`,
    );
    const charged = await provider<{ cost: number }[]>("GET", "/call");
    expect(spent!.spentMicrodollars).toBe(charged.reduce((sum, { cost }) => sum + Math.round(cost * 1e6), 0));
  }, 90_000);

  test("passes its own tests on a database of this platform", async () => {
    await platform.must("db", "create", "autolynx", "--env", "staging");
    const url = (await platform.must("db", "url", "autolynx", "--env", "staging")).trim();
    const source = join(platform.sourceFolder("own-tests"), "autolynx");
    cpSync(join(repository, "apps/autolynx"), source, {
      recursive: true,
      filter: (path) => !/\/(node_modules|\.next)$/.test(path),
    });
    // As the deploy does: `npm ci` asks for Next.js's compilers of other systems, which not every registry has.
    const installed = Bun.spawnSync(["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund"], {
      cwd: source,
    });
    expect(installed.exitCode, installed.stderr.toString()).toBe(0);
    const tested = Bun.spawnSync(
      [
        join(platform.home, "toolchain/node/24/bin/node"),
        "--test",
        "--test-concurrency=1",
        "tests/*.test.ts",
      ],
      { cwd: source, env: { PATH: process.env["PATH"], TEST_DATABASE_URL: url, EVENTS: "100", CALLS: "30" } },
    );
    expect(tested.exitCode, tested.stdout.toString()).toBe(0);
    expect(tested.stdout.toString()).toContain("the same state");
  }, 240_000);
});
