import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { cpSync } from "node:fs";
import { join } from "node:path";
import type { BrowserContext, Page } from "playwright-core";
import { openBrowser } from "./harness/browser.ts";
import { eventually } from "./harness/http.ts";
import { repository, TestPlatform } from "./harness/platform.ts";

/** The app as it is in `apps/`, on the platform, with the sandbox's telephone. */
let platform: TestPlatform;
let browser: { context: BrowserContext; close(): Promise<void> };
let page: Page;
const setUpToken = "set-up-token-of-this-test-0001";
const rosa = "+14155552671";
const ana = "+14155552672";

beforeAll(async () => {
  platform = await TestPlatform.start();
  await platform.must("sandbox", "enable", "reminders", "--env", "production", "--yes");
  await platform.runIn(
    repository,
    ["env", "set", "reminders", "SETUP_TOKEN", "--env", "production"],
    {},
    setUpToken,
  );
  await platform.deploy(join(repository, "apps/reminders"), "--app", "reminders", "--prod");
  browser = await openBrowser();
  page = await browser.context.newPage();
}, 300_000);
afterAll(async () => {
  await browser?.close();
  await platform?.stop();
}, 120_000);

/** The people outside, at the sandbox's telephones. */
async function sandbox<T>(method: string, path: string, body?: object): Promise<T> {
  const response = await fetch(`http://sandbox/accounts/reminders/production${path}`, {
    unix: join(platform.home, "run/sandbox.sock"),
    method,
    ...(body && { body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
  return (await response.json()) as T;
}

interface Phones {
  numbers: { provider: string; number: string; texts: boolean }[];
  texts: { direction: string; number: string; text: string; status: string }[];
  calls: {
    id: string;
    number: string;
    state: string;
    asks?: string;
    lines: { who: string; text: string }[];
  }[];
}

const phones = () => sandbox<Phones>("GET", "/phones");
const textsTo = async (number: string) =>
  (await phones()).texts
    .filter((one) => one.number === number && one.direction === "to_person")
    .map(({ text }) => text);
const appNumber = async () => (await phones()).numbers.find(({ texts }) => texts)!.number;
const answer = async (from: string, text: string) =>
  sandbox("POST", "/texts", { provider: "twilio", from, to: await appNumber(), text });
const tick = () => platform.must("schedules", "run", "reminders", "/api/cron/daily-reminders");
const sql = (statement: string) => platform.must("db", "query", "reminders", statement);

async function remind(title: string, channel: "sms" | "voice", flow = "medication"): Promise<void> {
  await page.goto(`http://reminders.localhost:${platform.port}/contacts`);
  await page.getByRole("link", { name: "Rosa" }).click();
  await page.getByText("Add a reminder").click();
  await page.getByLabel("What for").fill(title);
  await page.locator("select[name=channel]").selectOption(channel);
  await page.locator("select[name=flowId]").selectOption(flow);
  await page.getByLabel("At their local times").fill(new Date().toISOString().slice(11, 16));
  await page.getByLabel("From", { exact: true }).fill(new Date().toISOString().slice(0, 10));
  await page.locator("label", { hasText: "Repeats" }).locator("select").selectOption({ label: "once" });
  await page.getByRole("button", { name: "Add", exact: true }).first().click();
  await page.getByText(title).first().waitFor();
}

describe("reminders", () => {
  test("is set up by whoever has the token, and by nobody else", async () => {
    await page.goto(`http://reminders.localhost:${platform.port}/`);
    await page.getByLabel("Set-up token").fill("something else entirely");
    await page.getByLabel("Your name").fill("Olga");
    await page.getByLabel("E-mail").fill("olga@example.com");
    await page.getByLabel("Password").fill("a long enough password");
    await page.getByRole("button", { name: "Begin" }).click();
    await page.getByText("This is not the set-up token").waitFor();
    await page.getByLabel("Set-up token").fill(setUpToken);
    await page.getByRole("button", { name: "Begin" }).click();
    await page.getByRole("heading", { name: "Today" }).waitFor();
    await page.goto(`http://reminders.localhost:${platform.port}/settings`);
    await page.getByRole("button", { name: "Connect the number" }).click();
    await page.getByText("connected", { exact: true }).waitFor();
  }, 60_000);

  test("keeps people, their consent and who looks after them", async () => {
    await page.goto(`http://reminders.localhost:${platform.port}/contacts`);
    await page.getByRole("button", { name: "Add a person" }).click();
    await page.getByLabel("Name", { exact: true }).fill("Rosa");
    await page.getByLabel("Telephone").fill("12");
    await page.locator("select[name=timeZone]").selectOption("UTC");
    await page.getByLabel("Quiet from").fill("");
    await page.getByLabel("until").fill("");
    await page.getByRole("button", { name: "Add", exact: true }).click();
    await page.getByText("must be a telephone number with its country").waitFor();
    await page.getByLabel("Telephone").fill("+1 (415) 555-2671");
    await page.getByRole("button", { name: "Add", exact: true }).click();
    await page.getByRole("heading", { name: "Rosa" }).waitFor();
    await page.getByRole("button", { name: "Record that they agreed" }).click();
    await page.getByText("has agreed").waitFor();
    await page.getByText("Add a caregiver").click();
    const form = page.locator("form").filter({ hasText: "Told after missed" });
    await form.getByLabel("Name").fill("Ana");
    await form.getByLabel("Telephone").fill(ana);
    await form.getByRole("button", { name: "Add" }).click();
    await page.getByText(`${ana} · after 2 missed`).waitFor();
  }, 60_000);

  test("a reminder arrives as a text and is answered by one", async () => {
    await remind("Vitamin D", "sms");
    await tick();
    await eventually(
      () => textsTo(rosa),
      (texts) => texts.some((text) => text.includes("Vitamin D")),
      30_000,
    );
    await answer(rosa, "Sí, gracias!");
    await eventually(
      () => textsTo(rosa),
      (texts) => texts.some((text) => text.includes("Well done")),
      30_000,
    );
    await page.goto(`http://reminders.localhost:${platform.port}/`);
    await page.getByRole("link", { name: "Thread" }).first().click();
    await page.getByText("Sí, gracias!").first().waitFor();
    await page.getByText("confirmed").first().waitFor();
    // However often the run is repeated, nobody is asked twice.
    await tick();
    expect((await textsTo(rosa)).filter((text) => text.startsWith("Hello Rosa"))).toHaveLength(1);
  }, 120_000);

  test("a call asks the same, and keys answer it", async () => {
    await sandbox("PUT", `/phones/${encodeURIComponent(rosa)}`, { holder: "person" });
    await remind("Evening pill", "voice");
    await tick();
    const ringing = await eventually(phones, ({ calls }) => calls[0]?.state === "ringing", 30_000);
    const call = ringing.calls[0]!;
    const act = (action: object) =>
      sandbox("POST", `/calls/${call.id}/act`, { provider: "twilio", ...action });
    await act({ type: "answer" });
    await eventually(
      phones,
      ({ calls }) =>
        calls[0]!.asks !== undefined && calls[0]!.lines.some(({ text }) => text.includes("Evening pill")),
      30_000,
    );
    await act({ type: "press", keys: "1" });
    await eventually(
      phones,
      ({ calls }) => calls[0]!.lines.some(({ text }) => text.includes("Well done")),
      30_000,
    );
    await eventually(
      () => sql("SELECT outcome FROM conversations WHERE channel = 'voice'"),
      (out) => out.includes("confirmed"),
      30_000,
    );
  }, 120_000);

  test("two missed in a row are told to the caregiver", async () => {
    await sandbox("PUT", `/phones/${encodeURIComponent(rosa)}`, { holder: "person" });
    await remind("Daily hello", "sms", "check-in");
    await tick();
    const miss = async () => {
      await sql("UPDATE conversations SET times_out_at = now() WHERE status = 'active'");
      await tick();
    };
    await miss();
    expect(await textsTo(ana)).toEqual([]);
    await sql(
      `INSERT INTO occurrences (reminder_id, contact_id, local_day, local_time, due_at)
       SELECT id, contact_id, current_date + 1, '00:00', now() FROM reminders WHERE title = 'Daily hello'`,
    );
    await tick();
    await miss();
    const told = await eventually(
      () => textsTo(ana),
      (texts) => texts.length > 0,
      30_000,
    );
    expect(told).toEqual(['Rosa has not answered "Daily hello" 2 times in a row. Please look after them.']);
  }, 120_000);

  test("STOP is kept, and nothing more is sent", async () => {
    await answer(rosa, "Stop.");
    await eventually(
      () => sql("SELECT consent FROM contacts WHERE name = 'Rosa'"),
      (out) => out.includes("withdrawn"),
      30_000,
    );
    const before = (await textsTo(rosa)).length;
    await sql(
      `INSERT INTO occurrences (reminder_id, contact_id, local_day, local_time, due_at)
       SELECT id, contact_id, current_date + 2, '00:00', now() FROM reminders WHERE title = 'Daily hello'`,
    );
    await tick();
    expect((await textsTo(rosa)).length).toBe(before);
  }, 60_000);

  test("is for operators, for the scheduler, and for Twilio alone", async () => {
    for (const path of ["/api/contacts", "/api/board", "/api/messages", "/api/cron/daily-reminders"]) {
      expect((await platform.get("reminders.localhost", path)).status, path).toBe(401);
    }
    const forged = await platform.ask("reminders.localhost", "/api/twilio/sms", {
      method: "POST",
      headers: { "content-type": "application/x-www-form-urlencoded", "x-twilio-signature": "AAAA" },
      body: "MessageSid=SM1&From=%2B14155552671&Body=yes",
    });
    expect(forged.status).toBe(403);
  });

  test("passes its own tests on a database of this platform", async () => {
    await platform.must("db", "create", "reminders", "--env", "staging");
    const url = (await platform.must("db", "url", "reminders", "--env", "staging")).trim();
    const source = join(platform.sourceFolder("own-tests"), "reminders");
    cpSync(join(repository, "apps/reminders"), source, {
      recursive: true,
      filter: (path) => !/\/(node_modules|public)$/.test(path),
    });
    const installed = Bun.spawnSync(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], {
      cwd: source,
    });
    expect(installed.exitCode, installed.stderr.toString()).toBe(0);
    const tested = Bun.spawnSync(
      [
        join(platform.home, "toolchain/node/24/bin/node"),
        "--test",
        "--test-concurrency=1",
        "server/**/*.test.ts",
        "tests/*.test.ts",
      ],
      { cwd: source, env: { PATH: process.env["PATH"], TEST_DATABASE_URL: url } },
    );
    expect(tested.exitCode, tested.stdout.toString()).toBe(0);
    expect(tested.stdout.toString()).toContain("seed 20260301: 60 conversations");
  }, 240_000);
});
