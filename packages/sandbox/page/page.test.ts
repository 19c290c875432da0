import { afterAll, beforeAll, expect, test } from "bun:test";
import type { BrowserContext, Page } from "playwright-core";
import { openBrowser } from "../../../e2e/harness/browser.ts";
import { phonesOf } from "../phones/phone.ts";
import { stripe } from "../stripe/stripe.ts";
import { stripeClient } from "../stripe/test-client.ts";
import { TestSandbox } from "../testing/test-sandbox.ts";
import { placeCall } from "../twilio/calls/call-life.ts";
import { givenNumber } from "../twilio/credentials.ts";
import { sendMessage } from "../twilio/messages/message-life.ts";
import { twilio } from "../twilio/twilio.ts";
import { vapi } from "../vapi/vapi.ts";

const person = "+14155552671";
let sandbox: TestSandbox;
let browser: { context: BrowserContext; close(): Promise<void> };
let page: Page;
beforeAll(async () => {
  sandbox = await TestSandbox.start([twilio, vapi, stripe]);
  browser = await openBrowser();
  page = await browser.context.newPage();
  page.setDefaultTimeout(30_000);
}, 60_000);
afterAll(async () => {
  await browser?.close();
  await sandbox?.stop();
}, 60_000);

test("a person answers a ringing call, talks, presses keys by keyboard, and reads a text, on a phone", async () => {
  const account = sandbox.account();
  const from = givenNumber(account);
  account.setSpeed(100);
  phonesOf(account).put(person, { number: person, holder: "person" });
  const twiml =
    '<Response><Gather input="dtmf speech" timeout="600" numDigits="1"><Say>Press 1 for a table, or say what you wish.</Say></Gather></Response>';
  const call = placeCall(account, {
    from,
    to: person,
    direction: "outbound-api",
    twiml,
    timeoutMs: 1_000_000,
  });
  sendMessage(account, { from, to: person, body: "<b>Your table is booked</b>", direction: "outbound-api" });
  await page.setViewportSize({ width: 390, height: 844 });
  const { url } = await sandbox.admin<{ url: string }>("GET", "/page");
  await page.goto(url);
  expect(page.url()).not.toContain("#");
  await page.getByRole("button", { name: "Answer" }).focus();
  await page.keyboard.press("Enter");
  await page.getByText("Press 1 for a table").waitFor();
  // The page must not scroll sideways on a phone.
  expect(await page.evaluate("document.documentElement.scrollWidth <= innerWidth")).toBe(true);
  await page.getByRole("button", { name: "1", exact: true }).click();
  await page.getByText("(presses 1)").waitFor();
  expect(
    twilio
      .phones!.calls(account)
      .find(({ id }) => id === call.sid)!
      .lines.map(({ text }) => text),
  ).toContain("(presses 1)");
  await page.getByRole("button", { name: "Inbox" }).click();
  await page.getByText("<b>Your table is booked</b>").waitFor();
  await page.getByRole("button", { name: "Faults" }).click();
  await page.getByLabel("Fault").selectOption("server_error");
  await page.getByLabel("Value").fill("503");
  await page.getByRole("button", { name: "Add" }).click();
  await page.getByText("server_error 503").waitFor();
}, 120_000);

test("a person pays at Checkout's page by keyboard, and sees the subscription, in the dark and on a phone", async () => {
  const client = stripeClient(sandbox);
  const recurring = { interval: "month" } as const;
  const session = await client.checkout.sessions.create({
    ...{ mode: "subscription", success_url: `http://127.0.0.1:${sandbox.port}/stripe/nowhere` },
    line_items: [
      {
        price_data: { currency: "usd", unit_amount: 900, recurring, product_data: { name: "Pro" } },
        quantity: 1,
      },
    ],
  });
  await page.emulateMedia({ colorScheme: "dark" });
  await page.getByRole("button", { name: "Payments" }).click();
  const [checkout] = await Promise.all([
    page.context().waitForEvent("page"),
    page.getByRole("link", { name: "Open the page to pay" }).click(),
  ]);
  expect(checkout.url()).toBe(session.url!);
  await checkout.setViewportSize({ width: 390, height: 844 });
  await checkout.emulateMedia({ colorScheme: "dark" });
  expect(await checkout.evaluate("document.documentElement.scrollWidth <= innerWidth")).toBe(true);
  await checkout.getByLabel("Email").focus();
  for (const text of ["a@example.com", "4242424242424242", "12/40", "123"]) {
    await checkout.keyboard.type(text);
    await checkout.keyboard.press("Tab");
  }
  await checkout.keyboard.press("Tab");
  await checkout.keyboard.type("Ada");
  await checkout.keyboard.press("Enter");
  await page.getByText("Pro, $9.00 / month").waitFor();
  await page.getByText("active · a@example.com").waitFor();
  await checkout.close();
}, 120_000);

test("without a token nothing is shown", async () => {
  const other = await browser.context.newPage();
  await other.goto(`http://127.0.0.1:${sandbox.port}/`);
  await other.getByText("evenkeel sandbox open").waitFor();
  expect(await other.getByLabel("Environment").textContent()).toBe("");
}, 60_000);
