import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openBrowser } from "./harness/browser.ts";
import { eventually } from "./harness/http.ts";
import { TestPlatform } from "./harness/platform.ts";

let platform: TestPlatform;
let browser: Awaited<ReturnType<typeof openBrowser>>;
beforeAll(async () => {
  platform = await TestPlatform.start();
  browser = await openBrowser();
}, 120_000);
afterAll(async () => {
  await browser?.close();
  await platform?.stop();
}, 120_000);

const host = "editor.localhost";
const page = () => `http://${host}:${platform.port}/`;
const atServer = async (email = "") =>
  (await platform.get(host, `/api/editor?email=${email}`)).json() as { editor: boolean; prices: string };

describe("feature flags", () => {
  let folder: string;

  test("that an app declares are evaluated by its functions and, where public, by its pages", async () => {
    folder = platform.copyFixture("flags");
    await platform.deploy(folder, "--app", "editor", "--prod");
    expect(await atServer()).toEqual({ editor: false, prices: "list" });
    expect(await atServer("a@example.com")).toEqual({ editor: true, prices: "list" });
    const tab = await browser.context.newPage();
    await tab.goto(page());
    await tab.locator("#editor", { hasText: "old" }).waitFor();
    const shown = await platform.ask(host, "/.well-known/evenkeel-flags/ofrep/v1/evaluate/flags", {
      body: "{}",
    });
    expect((shown.json() as { flags: { key: string }[] }).flags.map(({ key }) => key)).toEqual([
      "NEW_EDITOR",
    ]);
  }, 240_000);

  test("flip in an open page and in running instances, and back", async () => {
    const [tab] = browser.context.pages().slice(-1);
    await platform.must("flags", "set", "editor", "NEW_EDITOR", "on");
    expect(await atServer()).toMatchObject({ editor: true });
    await tab!.locator("#editor", { hasText: "new" }).waitFor();
    await platform.must("flags", "disable", "editor", "NEW_EDITOR");
    expect(await atServer("a@example.com")).toMatchObject({ editor: false });
    await tab!.locator("#editor", { hasText: "old" }).waitFor();
    await platform.must("flags", "reset", "editor", "NEW_EDITOR");
    expect(await atServer("a@example.com")).toMatchObject({ editor: true });
  }, 120_000);

  test("serve their last values while the control plane is stopped", async () => {
    await platform.must("flags", "set", "editor", "PRICES", "sale");
    const { processes } = await platform.json<{ processes: { name: string; pid: number }[] }>("status");
    const { pid } = processes.find(({ name }) => name === "control")!;
    process.kill(pid, "SIGSTOP");
    try {
      expect(await atServer()).toMatchObject({ prices: "sale" });
    } finally {
      process.kill(pid, "SIGCONT");
    }
  }, 120_000);

  test("are told with every fault when they are wrong, and nothing changes", async () => {
    const path = join(folder, "flags.flagd.json");
    const right = readFileSync(path, "utf8");
    writeFileSync(path, right.replace('"defaultVariant": "list"', '"defaultVariant": "lst"'));
    const refused = await platform.failing("deploy", folder, "--app", "editor", "--prod");
    expect(refused.stderr).toContain('"PRICES" has the default variant "lst"');
    expect(refused.stderr).toContain("its variants are list, sale");
    const unknown = await platform.failing("flags", "set", "editor", "PRICES", "gift");
    expect(unknown.stderr).toContain("Its variants are list, sale.");
    expect((await platform.failing("flags", "set", "editor", "PRICE", "sale")).stderr).toContain("PRICES");
    expect(await atServer()).toMatchObject({ prices: "sale" });
    writeFileSync(path, right.replace('"defaultVariant": "list"', '"defaultVariant": "sale"'));
  }, 120_000);

  test("follow a release and its rollback; what was changed at run time stays", async () => {
    await platform.must("flags", "reset", "editor", "PRICES");
    await platform.must("flags", "set", "editor", "NEW_EDITOR", "on");
    expect(await atServer()).toEqual({ editor: true, prices: "list" });
    await platform.deploy(folder, "--app", "editor", "--prod");
    expect(await atServer()).toEqual({ editor: true, prices: "sale" });
    await platform.must("rollback", "editor");
    await eventually(
      () => atServer(),
      (seen) => seen.prices === "list",
    );
    expect(await atServer()).toEqual({ editor: true, prices: "list" });
    const versions = await platform.json<{ version: number; action: string }[]>("flags", "history", "editor");
    expect(versions[0]).toMatchObject({ action: "declare" });
    // Before the first change at run time.
    await platform.must("flags", "rollback", "editor", "--to", "1");
    expect(await atServer()).toEqual({ editor: false, prices: "list" });
  }, 240_000);
});
