import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { openBrowser } from "./harness/browser.ts";
import { repository, TestPlatform } from "./harness/platform.ts";
import { writePrebuilt } from "./harness/prebuilt.ts";

const limitMs = 120_000;
/** Whatever shows one of these as markup runs it. */
const hostile = '"><img src=x onerror=hacked=1><script>hacked=1</script>';
const hostileBranch = '"><img/src=x/onerror=hacked=1>';
const owner = { name: "Ada Owner", email: "ada@example.com", password: "seven quiet boats at noon" };

let platform: TestPlatform;
let browser: Awaited<ReturnType<typeof openBrowser>>;
let page: Page;
let folder: string;
/** What the browser complained about: errors of scripts, and what the policy stopped. */
const complaints: string[] = [];
const url = (path: string) => `http://localhost:${platform.port}${path}`;

beforeAll(async () => {
  platform = await TestPlatform.start();
  folder = platform.sourceFolder("shop");
  for (const words of [
    ["init", "--quiet", "--initial-branch", hostileBranch],
    [
      "-c",
      "user.name=Ada",
      "-c",
      "user.email=ada@example.com",
      "commit",
      "--quiet",
      "--allow-empty",
      "-m",
      hostile,
    ],
  ])
    Bun.spawnSync(["git", ...words], { cwd: folder });
  await deployShop("one", "--prod");
  await deployShop("two", "--prod");
  await deployShop("preview");
  browser = await openBrowser();
  page = await browser.context.newPage();
  page.setDefaultTimeout(30_000);
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (message) => {
    if (/Content Security Policy|TrustedHTML/i.test(message.text())) complaints.push(message.text());
  });
}, limitMs);
afterAll(async () => {
  await browser?.close();
  await platform?.stop();
}, limitMs);

function deployShop(text: string, ...options: string[]) {
  const source = `module.exports = (req, res) => { console.log(${JSON.stringify(`${text} ${hostile}`)}); res.end(${JSON.stringify(text)}); }`;
  writePrebuilt(folder, { functions: { index: source } });
  return platform.deploy(folder, "--app", "shop", "--prebuilt", ...options);
}

const wasHacked = () => page.evaluate(() => "hacked" in globalThis);

/** Nothing that is serious for people who use assistive technology. */
async function expectAccessible(): Promise<void> {
  const axe = readFileSync(join(repository, "node_modules/axe-core/axe.min.js"), "utf8");
  const found = await page.evaluate(async (source) => {
    if (!("axe" in globalThis)) new Function(source).call(globalThis);
    const { violations } = await (globalThis as unknown as { axe: { run(): Promise<AxeResult> } }).axe.run();
    return violations.filter(({ impact }) => impact === "serious" || impact === "critical");
  }, axe);
  expect(found.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`)).toEqual([]);
}
interface AxeResult {
  violations: { id: string; impact: string; nodes: { html: string }[] }[];
}

describe("the console", () => {
  test(
    "leads whoever is not signed in to the sign-in, and the first owner's link to an account",
    async () => {
      await page.goto(url("/apps/shop/releases"));
      await page.waitForURL(/\/sign-in\?back=/);
      await page.getByText("Nobody owns this platform yet").waitFor();
      const { link } = (await platform.api("POST", "/people/owner-link")).json() as { link: string };
      await page.goto(link);
      await page.getByLabel("Name").fill(owner.name);
      await page.getByLabel("E-mail").fill(owner.email);
      await page.getByLabel("Password").fill(owner.password);
      await page.getByRole("button", { name: "Make the account" }).click();
      await page.getByRole("link", { name: "shop" }).waitFor();
      expect(await page.evaluate("location.hash")).toBe("");
      await expectAccessible();
    },
    limitMs,
  );

  test(
    "shows deployments with hostile names as text, and a new one by itself",
    async () => {
      await page.getByRole("link", { name: "shop" }).click();
      await page.getByText("Live", { exact: true }).first().waitFor();
      await page.getByText(hostileBranch).first().waitFor();
      await page.getByText(hostile).first().waitFor();
      const { id } = await deployShop("three", "--prod");
      await page.getByRole("link", { name: id }).waitFor();
      await page.getByRole("link", { name: id }).click();
      await page.getByRole("log").getByText("Released v3").waitFor();
      await page.getByText("Wait for its first answer").waitFor();
      expect(await wasHacked()).toBe(false);
      await expectAccessible();
    },
    limitMs,
  );

  test(
    "rolls back with a reason, and visitors get what was there before",
    async () => {
      expect((await platform.get("shop.localhost", "/")).text()).toBe("three");
      await page.getByRole("link", { name: "Releases", exact: true }).click();
      await page.getByRole("button", { name: "Roll back" }).click();
      await page.getByLabel("Reason").fill(hostile);
      await page.getByRole("button", { name: "Bring v2 back" }).last().click();
      await page.getByText("v4", { exact: true }).waitFor();
      expect((await platform.get("shop.localhost", "/")).text()).toBe("two");
      await page
        .getByText(`by ${owner.email}`)
        .or(page.getByText(`by ${owner.name}`))
        .first()
        .waitFor();
      await page.getByText(hostile).first().waitFor();
      expect(await wasHacked()).toBe(false);
    },
    limitMs,
  );

  test(
    "searches what the app prints, and shows it as text",
    async () => {
      await page.goto(url("/apps/shop/logs?q=onerror"));
      await platform.get("shop.localhost", "/");
      await page.getByText(`two ${hostile}`).first().waitFor();
      expect(await wasHacked()).toBe(false);
    },
    limitMs,
  );

  test(
    "sets a variable, shows it, and where two change it at once shows both values",
    async () => {
      await page.goto(url("/apps/shop/variables?env=preview"));
      await page.getByRole("button", { name: "Set a variable" }).click();
      await page.getByLabel("Name").fill("GREETING");
      await page.getByLabel("Value").fill("mine at first");
      await page.getByRole("button", { name: "Set", exact: true }).click();
      await page.getByRole("button", { name: "Show GREETING" }).click();
      await page.getByText("mine at first").waitFor();
      await page.getByRole("button", { name: "Change GREETING" }).click();
      await page.getByLabel("Value").fill("mine");
      await platform.api("PUT", "/apps/shop/variables", {
        environments: ["preview"],
        variables: { GREETING: "theirs" },
      });
      await page.getByText("has changed it to version 2").waitFor();
      await page.getByRole("button", { name: "Show it" }).click();
      await page.getByRole("alert").getByText("theirs").waitFor();
      await page.getByRole("button", { name: "Keep mine" }).click();
      await page.getByRole("button", { name: "Set", exact: true }).click();
      await page.getByText("version 3").waitFor();
    },
    limitMs,
  );

  test(
    "finds every page by the keyboard",
    async () => {
      await page.goto(url("/"));
      await page.getByRole("link", { name: "shop" }).waitFor();
      await page.keyboard.press("Control+k");
      await page.getByPlaceholder("App, page or action").fill("shop database");
      await page
        .getByRole("option", { name: /Database/ })
        .first()
        .waitFor();
      await page.keyboard.press("Enter");
      await page.waitForURL(/\/apps\/shop\/database/);
      await page.getByText("No database for production").waitFor();
    },
    limitMs,
  );

  test(
    "comes up while the control plane is away, says so, and goes on by itself",
    async () => {
      await page.context().route("**/api/**", (route) => route.abort());
      await page.goto(url("/apps/shop/releases"));
      await page.getByText("The control plane does not answer.").waitFor();
      await page.getByText("The platform does not answer").first().waitFor();
      await page.context().unroute("**/api/**");
      await page.getByText("v4", { exact: true }).waitFor();
      await page.getByText("The control plane does not answer.").waitFor({ state: "detached" });
    },
    limitMs,
  );

  test(
    "leads back to where one was when the session has ended",
    async () => {
      await page.context().clearCookies();
      await page.goto(url("/apps/shop/variables?env=preview"));
      await page.waitForURL(/\/sign-in\?back=/);
      await page.getByLabel("E-mail").fill(owner.email);
      await page.getByLabel("Password").fill(owner.password);
      await page.getByRole("button", { name: "Sign in", exact: true }).click();
      await page.waitForURL(/\/apps\/shop\/variables\?env=preview/);
      await page.getByText("GREETING").first().waitFor();
    },
    limitMs,
  );

  test(
    "fits a phone on every page, and serves all people there",
    async () => {
      await page.setViewportSize({ width: 390, height: 844 });
      await page.goto(url("/"));
      await page.getByRole("button", { name: "Menu" }).click();
      await page.getByRole("dialog").getByRole("link", { name: "Incidents" }).click();
      await page.getByText("Nothing is wrong").waitFor();
      const sections = [
        "deployments",
        "releases",
        "traffic",
        "vitals",
        "logs",
        "runbook",
        "database",
        "variables",
      ];
      const more = ["flags", "schedules", "services", "storage", "domains", "cost", "settings"];
      const paths = ["/", "/incidents", "/approvals", "/people", "/audit", "/settings", "/me"];
      // Those that are made of other parts than the rest; each look takes a second.
      const lookedAt = new Set([
        "/settings",
        "/me",
        "/apps/shop/traffic",
        "/apps/shop/variables",
        "/apps/shop/settings",
      ]);
      for (const path of [...paths, ...[...sections, ...more].map((section) => `/apps/shop/${section}`)]) {
        await page.goto(url(path));
        await page.getByRole("heading", { level: 1 }).waitFor();
        await page.getByRole("status", { name: "Loading" }).first().waitFor({ state: "detached" });
        const overflow = await page.evaluate("document.documentElement.scrollWidth - innerWidth");
        expect([path, overflow]).toEqual([path, 0]);
        if (lookedAt.has(path)) await expectAccessible();
      }
      expect(complaints).toEqual([]);
    },
    limitMs,
  );
});
