import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ChannelView, Incident, IncidentInFull, NotificationView } from "@evenkeel/control";
import type { Page } from "playwright-core";
import { openBrowser } from "./harness/browser.ts";
import { eventually } from "./harness/http.ts";
import { type Deployed, TestPlatform } from "./harness/platform.ts";
import { writePrebuilt } from "./harness/prebuilt.ts";

const limitMs = 180_000;
let platform: TestPlatform;
let browser: Awaited<ReturnType<typeof openBrowser>>;
let page: Page;
beforeAll(async () => {
  [platform, browser] = await Promise.all([TestPlatform.start(), openBrowser()]);
  page = await browser.context.newPage();
}, limitMs);
afterAll(async () => {
  await Promise.all([platform?.stop(), browser?.close()]);
}, limitMs);

const host = "shop.localhost";
const runbook = `import type { Runbook } from "@evenkeel/runbook";

export default {
  incidentSeverity: {
    P0: { description: "Complete service outage", response_time: "15 minutes", escalation: "immediate" },
    P1: { description: "Major feature broken", response_time: "1 hour", escalation: "within 2 hours" },
  },
  communicationPlan: {
    internal: { P0: ["slack_alert", "pagerduty", "email_leadership"], P1: ["slack_alert"] },
    external: { P0: ["status_page", "in_app_banner"], P1: ["status_page"] },
    templates: {
      investigating: "We're investigating reports of issues with {service}.",
      resolved: "The issue with {service} has been resolved.",
    },
  },
  onCall: { rotation: ["ada", "ben"], handover: "Monday 09:00 UTC" },
  businessContinuity: {
    essential_services: ["checkout"],
    degraded_mode: { description: "Core features only", features_disabled: ["recommendations"] },
  },
} satisfies Runbook;
`;
/** @param status an expression */
const answers = (version: string, status: string): string => `
  module.exports = (request, response) => { response.statusCode = ${status}; response.end("${version}"); };`;

const statusUrl = (path: string) => `http://status.localhost:${platform.port}${path}`;
const listed = async () =>
  (await platform.json<{ incidents: Incident[] }>("incidents", "list", "--all")).incidents.filter(
    ({ app }) => app === "shop",
  );
const shown = (id: number) => platform.json<IncidentInFull>("incidents", "show", String(id));
const told = async () =>
  (await platform.json<{ notifications: NotificationView[] }>("notify", "log", "--app", "shop"))
    .notifications;
/** The page has no script: people load it again. */
const sees = (path: string, text: string) =>
  eventually(
    async () => {
      await page.goto(statusUrl(path));
      return page.getByText(text).count();
    },
    (count) => count > 0,
    60_000,
  );
const picture = async (name: string) => {
  const folder = process.env["EVENKEEL_TEST_SCREENSHOTS"];
  if (!folder) return;
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
};

/** A visitor that asks on and on, whatever comes back. */
async function visit(signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await platform.get(host, "/").catch(() => undefined);
    await Bun.sleep(60);
  }
}

describe("an outage", () => {
  const visitors = new AbortController();
  let visiting: Promise<void>;
  let good: Deployed;
  let id: number;
  let brokenAtMs: number;
  afterAll(async () => {
    visitors.abort();
    await visiting;
  });

  test(
    "people are set up to be told",
    async () => {
      const folder = platform.sourceFolder("shop");
      writeFileSync(join(folder, "runbook.ts"), runbook);
      writePrebuilt(folder, { functions: { index: answers("good", "200") } });
      good = await platform.deploy(folder, "--prebuilt", "--app", "shop", "--prod");
      const add = (name: string, kind: string, ...more: string[]) =>
        platform.json<ChannelView>(
          "notify",
          "channels",
          "add",
          name,
          "--kind",
          kind,
          "--app",
          "shop",
          "--sandbox",
          "shop/development",
          ...more,
        );
      await add("slack_alert", "slack");
      await add("pagerduty", "pagerduty");
      await add("email_leadership", "smtp", "--set", "to=lead@example.com");
      await add("ada_phone", "sms", "--person", "ada", "--set", "to=+14155550123");
      await add("ben_phone", "sms", "--person", "ben", "--set", "to=+14155550124");
      expect(await platform.must("notify", "test", "slack_alert", "--app", "shop")).toContain(
        "has taken the message",
      );
      visiting = visit(visitors.signal);
      await sees("/shop/", "All systems operational");
      await picture("operational-light");
    },
    limitMs,
  );

  test(
    "is one incident, which is paged, shown in public, acknowledged, and over after the rollback",
    async () => {
      const folder = platform.sourceFolder("shop");
      writePrebuilt(folder, {
        functions: { index: answers("bad", `Date.now() > ${Date.now() + 6_000} ? 500 : 200`) },
      });
      await platform.deploy(folder, "--prebuilt", "--app", "shop", "--prod");
      await eventually(
        async () => (await platform.get(host, "/")).status,
        (status) => status === 500,
        60_000,
      );
      brokenAtMs = Date.now();
      const [incident] = await eventually(listed, (found) => found.length > 0, 60_000);
      id = incident!.id;
      expect(incident).toMatchObject({ severity: "P0", state: "open", suspect: { release: 2 } });
      await sees("/shop/", "We're investigating reports of issues with shop.");
      const seenAtMs = Date.now();
      await picture("outage-light");
      await page.emulateMedia({ colorScheme: "dark" });
      await picture("outage-dark");
      await page.setViewportSize({ width: 375, height: 800 });
      await picture("outage-phone");
      expect(await page.evaluate("document.documentElement.scrollWidth <= innerWidth")).toBe(true);
      const summary = JSON.parse(
        String((await platform.get("status.localhost", "/shop/api/v2/summary.json")).body),
      );
      expect(summary).toMatchObject({
        status: { indicator: "critical" },
        incidents: [{ impact: "critical", status: "investigating" }],
      });

      // Who is on call and the next one are called at once; the others are told.
      const sent = await eventually(
        told,
        (all) => all.filter(({ state, event }) => state === "sent" && event === "opened").length >= 5,
        60_000,
      );
      const opened = sent.filter(({ event, incident: of }) => event === "opened" && of === id);
      expect(opened.map(({ channel }) => channel).sort()).toEqual([
        "ada_phone",
        "ben_phone",
        "email_leadership",
        "pagerduty",
        "slack_alert",
      ]);
      if (process.env["EVENKEEL_TEST_FIGURES"]) {
        const pages = opened.map(({ endedAtMs, createdAtMs }) => endedAtMs! - createdAtMs);
        console.log(
          `opened ${incident!.openedAtMs - incident!.beganAtMs} ms after the first failing second, ${incident!.openedAtMs - brokenAtMs} ms after the first failure seen; status page seen ${seenAtMs - brokenAtMs} ms after it; told within ${Math.max(...pages)} ms (${pages.join(", ")})`,
        );
      }

      await platform.must("incidents", "ack", String(id), "-m", "I am on it");
      await platform.must(
        "incidents",
        "update",
        String(id),
        "--phase",
        "identified",
        "-m",
        "The new release fails",
      );
      await sees("/shop/", "The new release fails");
      await platform.must("rollback", "shop", "-m", "the new release fails");
      await eventually(
        async () => (await platform.get(host, "/")).status,
        (status) => status === 200,
        60_000,
      );
      await eventually(
        () => shown(id),
        ({ recoveredAtMs }) => recoveredAtMs !== undefined,
        60_000,
      );
      await platform.must("incidents", "resolve", String(id), "-m", "Rolled back");
      await platform.must(
        "incidents",
        "update",
        String(id),
        "--follow-up",
        "Test the checkout before a release",
      );
      expect(await listed()).toHaveLength(1);
      await eventually(
        async () =>
          JSON.parse(String((await platform.get("status.localhost", "/shop/api/v2/status.json")).body)),
        ({ status }) => status.indicator === "none",
        30_000,
      );
      await sees("/shop/", "The issue with shop has been resolved.");
      await picture("resolved-phone-dark");
    },
    limitMs,
  );

  test(
    "has a report with what it cost and what was done",
    async () => {
      const file = join(platform.folder, "report.md");
      await eventually(
        () => shown(id),
        ({ timeline }) => timeline.some(({ message }) => message.includes(good.id)),
        30_000,
      );
      await platform.must("incidents", "report", String(id), "--output", file);
      const report = readFileSync(file, "utf8");
      expect(report).toMatch(/Failed requests: [1-9]\d* of \d+/);
      expect(report).toContain(`Rolled back to ${good.id}`);
      expect(report).toContain("- [ ] Test the checkout before a release");
      expect(report).toContain("Called: ");
    },
    limitMs,
  );

  test(
    "the status page stays when control is away",
    async () => {
      const status = await platform.json<{ processes: { name: string; pid?: number }[] }>("status");
      const control = status.processes.find(({ name }) => name === "control");
      process.kill(control!.pid!, "SIGSTOP");
      try {
        const answer = await platform.get("status.localhost", "/shop/", { accept: "text/html" });
        expect([answer.status, String(answer.body).includes("Past incidents")]).toEqual([200, true]);
      } finally {
        process.kill(control!.pid!, "SIGCONT");
      }
    },
    limitMs,
  );

  test(
    "maintenance shows a page to visitors and lets operators pass; the degraded mode turns flags off",
    async () => {
      const { pass } = await platform.json<{ pass: string }>(
        "mode",
        "set",
        "shop",
        "maintenance",
        "--for",
        "10m",
        "--essential",
        "/api/login",
        "-m",
        "Back in ten minutes",
      );
      const refused = await platform.get(host, "/");
      expect([refused.status, Number(refused.headers["retry-after"]) > 500]).toEqual([503, true]);
      expect((await platform.get(host, "/api/login")).status).toBe(200);
      await page.goto(`http://${host}:${platform.port}/`);
      await page.getByText("Back in ten minutes").waitFor();
      await page.goto(`http://${host}:${platform.port}/?evenkeel-pass=${pass}`);
      expect(await page.textContent("body")).toBe("good");
      await platform.must("mode", "clear", "shop");
      expect((await platform.get(host, "/")).status).toBe(200);
      expect(
        (await platform.failing("mode", "set", "shop", "degraded", "--features", "checkout")).stderr,
      ).toContain("essential");
      await platform.must("mode", "set", "shop", "degraded");
      const { flags } = await platform.json<{ flags: { key: string; defaultVariant?: string }[] }>(
        "flags",
        "list",
        "shop",
      );
      expect(flags.find(({ key }) => key === "recommendations")).toMatchObject({ defaultVariant: "off" });
      await platform.must("mode", "clear", "shop");
    },
    limitMs,
  );
});
