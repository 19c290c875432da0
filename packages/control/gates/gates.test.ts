import { expect, test } from "bun:test";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isolationMissing, packSource } from "@evenkeel/build";
import type { Deployment } from "../client/index.ts";
import { controlForEachTest } from "../testing/control-for-each-test.ts";
import type { TestControl } from "../testing/test-control.ts";
import { until } from "../testing/until.ts";

/** The first build on a machine fetches the toolchain; all suites share it afterwards. */
const limitMs = 600_000;
const of = { app: "shop", environment: "production" } as const;
const html = "text/html; charset=utf-8";
let control: TestControl;
controlForEachTest(limitMs, async (started) => {
  control = started;
  control.shareToolchain();
  await control.client().ensureApp({ app: "shop" });
});

const plan = (given: Parameters<ReturnType<TestControl["client"]>["setReleasePlan"]>[0]["plan"]) =>
  control.client().setReleasePlan({ ...of, plan: given });

/** Deploys files from source. */
async function deploySource(files: Record<string, string>): Promise<Deployment> {
  const folder = join(control.folder, `site-${Object.keys(files).length}-${performance.now()}`);
  mkdirSync(folder, { recursive: true });
  for (const [path, text] of Object.entries(files)) writeFileSync(join(folder, path), text);
  const packed = await packSource(folder, `${folder}.tar`, { prebuilt: false });
  const { sha256, sizeBytes } = packed;
  await control.client().putUpload({ app: "shop", sha256, sizeBytes }, Bun.file(packed.path));
  const wish = { app: "shop", upload: sha256, kind: "source", environment: "production" } as const;
  return control.finished((await control.client().createDeployment(wish)).id);
}

const answering = () => control.edge.answering("shop.localhost");
const gatesOf = ({ gates }: Deployment) => gates.map(({ name, stage, state }) => `${name} ${stage} ${state}`);

test(
  "checks run after the build and tests at the deployment's own URL; the first that fails keeps what was live",
  async () => {
    const ask = `fetch(process.env.DEPLOYMENT_URL).then((answer) => process.exit(answer.status === 200 ? 0 : 9))`;
    const alike = "process.exit(process.env.BASE_URL === process.env.DEPLOYMENT_URL ? 0 : 9)";
    const checks = [
      { name: "typecheck", run: "test -f index.html && echo types are well", timeoutMs: 60_000 },
      { name: "e2e", run: `node -e "${isolationMissing().length > 0 ? alike : ask}"`, timeoutMs: 60_000 },
    ];
    await plan({ pipelineChecks: checks });
    const sound = await deploySource({ "index.html": "<h1>one</h1>" });
    expect(sound.error).toBeUndefined();
    expect(gatesOf(sound)).toEqual(["typecheck build passed", "e2e url passed"]);
    const log: string[] = [];
    for await (const line of control.client().readBuildLog({ deployment: sound.id })) log.push(line.text);
    expect(log).toContain("types are well");
    await until("the build folder is gone", () => !existsSync(join(control.layout.builds, sound.id)));

    await plan({
      pipelineChecks: [{ name: "lint", run: "echo not well; exit 3", timeoutMs: 60_000 }, ...checks],
    });
    const refused = await deploySource({ "index.html": "<h1>two</h1>" });
    expect(refused).toMatchObject({ state: "failed", error: { code: "gate_failed" } });
    expect(refused.error?.message).toStartWith("lint did not pass");
    expect(gatesOf(refused)).toEqual(["lint build failed"]);
    expect(answering()).toBe(sound.id);

    await plan({ pipelineChecks: [{ name: "visual", run: "sleep 600", timeoutMs: 1_000 }] });
    const late = await deploySource({ "index.html": "<h1>three</h1>" });
    expect(gatesOf(late)).toEqual(["visual url failed"]);
    expect(answering()).toBe(sound.id);
  },
  limitMs,
);

test(
  "a build beyond its budget is refused with what was measured",
  async () => {
    const script = Array.from(
      { length: 4_000 },
      (_, number) => `export const v${number} = ${number ** 3};`,
    ).join("\n");
    const files = { "big.js": script, "index.html": '<script src="/big.js"></script>' };
    await plan({ budgets: [{ of: "bundle", bytes: 1_000, gzipped: true }] });
    const wide = await deploySource(files);
    expect(wide).toMatchObject({ state: "failed", error: { code: "budget_exceeded" } });
    expect(wide.error?.message).toMatch(/bundle budget\. Scripts for browsers: \d+ KiB gzipped of 1000 B/);
    await plan({ budgets: [{ of: "page", bytes: script.length, gzipped: false }] });
    expect((await deploySource(files)).error?.message).toContain("Page /index.html");
    const all = (["bundle", "page", "output", "function"] as const).map((one) => ({
      ...{ of: one, bytes: 1024 ** 2, gzipped: true },
    }));
    await plan({ budgets: all });
    expect((await deploySource(files)).state).toBe("ready");
  },
  limitMs,
);

test(
  "smoke tests ask the new deployment before the switch, and take it back where they fail after it",
  async () => {
    const first = await control.deploy("shop");
    const test = { name: "health", path: "/api/health", timeoutMs: 5_000 };
    const contains = '{"status":"healthy","checks":[{"service":"database"}]}';
    await plan({ smokeTests: [{ ...test, contains }] });
    let health: (host: string) => [status: number, body: object] = () => [503, {}];
    const asked: string[] = [];
    control.edge.routes.set("/api/health", (request, response) => {
      const host = request.headers.host!.replace(/:\d+$/, "");
      asked.push(host);
      const [status, body] = health(host);
      response.writeHead(status, { "content-type": html }).end(JSON.stringify(body));
    });
    const refused = await control.deploy("shop");
    expect(refused).toMatchObject({ state: "failed", error: { code: "smoke_failed" } });
    expect(refused.error?.message).toContain("answered 503 instead of 200 to 299, 3 times in a row");
    expect([answering(), new Set(asked)]).toEqual([first.id, new Set([`shop-${refused.id}.localhost`])]);
    const healthy = { status: "healthy", at: 1, checks: [{ service: "database", ms: 3 }] };
    health = () => [200, { ...healthy, checks: [] }];
    expect((await control.deploy("shop")).error?.message).toContain("did not answer");
    health = () => [200, healthy];
    const second = await control.deploy("shop");
    expect(answering()).toBe(second.id);
    // Only visitors' own way is broken: nothing before the switch could have told.
    health = (host) => (host === "shop.localhost" ? [500, {}] : [200, healthy]);
    const third = await control.deploy("shop");
    expect(answering()).toBe(second.id);
    expect(third).toMatchObject({ state: "ready", aliases: [], condemned: { by: "platform" } });
    expect((await control.client().getAutoDeploy(of)).paused?.reason).toContain("health");
  },
  limitMs,
);
