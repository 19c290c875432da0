import { expect, test } from "bun:test";
import { isolationMissing } from "@evenkeel/build";
import type { AppName } from "@evenkeel/model";
import type { Deployment, RunbookDecision } from "../client/index.ts";
import { Database } from "../database/database.ts";
import { controlForEachTest } from "../testing/control-for-each-test.ts";
import type { TestControl } from "../testing/test-control.ts";
import { until } from "../testing/until.ts";

const limitMs = 120_000;
/** Elsewhere rooms share the machine's network. */
const isolated = isolationMissing().length === 0;
let control: TestControl;
controlForEachTest(limitMs, (started) => {
  control = started;
});

const shop = { app: "shop" as AppName, environment: "production" } as const;
const triggers = (window: string, action: string) => `
  import type { Runbook } from "@evenkeel/runbook";
  export default { rollbackTriggers: { error_rate: { threshold: "5%", window: "${window}", action: "${action}" } } } satisfies Runbook;`;

const deploy = (runbook: string, text: string): Promise<Deployment> =>
  control.deploy("shop", { text, files: { "runbook.ts": runbook } });

const decisions = async (): Promise<RunbookDecision[]> =>
  (await control.client().listRunbookDecisions({ ...shop })).decisions;

/** Seconds in which a deployment only fails, one after the other, until something is so. */
async function failUntil(deployment: string, isSo: () => Promise<boolean> | boolean): Promise<void> {
  await until(
    "the runbook to decide",
    async () => {
      control.signals.measure(deployment, 100, { errors: 100 });
      await Bun.sleep(100);
      return isSo();
    },
    60_000,
  );
}

const answering = () => control.edge.answering("shop.localhost");

test(
  "a release that breaks its runbook is rolled back once; what was in force with the one before is in force again",
  async () => {
    const good = await deploy(triggers("30 seconds", "immediate_rollback"), "good");
    const bad = await deploy(triggers("10 seconds", "immediate_rollback"), "bad");
    expect([good.state, bad.state, answering()]).toEqual(["ready", "ready", bad.id]);
    await failUntil(bad.id, () => answering() === good.id);
    await until("the decision to be done", async () => (await decisions())[0]?.state === "done");
    const [decision, ...more] = await decisions();
    expect(more).toEqual([]);
    expect(decision).toMatchObject({
      ...{
        clause: "rollbackTriggers.error_rate",
        action: "immediate_rollback",
        deployment: bad.id,
        release: 2,
      },
      outcome: { version: 3, deployment: good.id, answered: true },
      evidence: { says: "immediate rollback when error_rate > 5 % over 10 s", line: 3 },
    });
    const { release, text } = await control.client().getRunbook(shop);
    expect([release, text.includes("30 seconds")]).toEqual([3, true]);
    const { releases } = await control.client().listReleases({ app: shop.app });
    expect(releases[0]).toMatchObject({ kind: "rollback", createdBy: "runbook" });
    expect(releases[0]!.reason).toBe("rollbackTriggers.error_rate: error_rate > 5 % over 10 s");
  },
  limitMs,
);

test(
  "with nothing to go back to it stays, and the decision says why; in stages it goes back by a canary",
  async () => {
    const first = await deploy(triggers("10 seconds", "immediate_rollback"), "first");
    await failUntil(first.id, async () => (await decisions())[0]?.state === "failed");
    expect((await decisions())[0]!.outcome?.error?.code).toBe("release_unknown");
    expect(answering()).toBe(first.id);
    const next = await deploy(triggers("10 seconds", "staged_rollback"), "next");
    await failUntil(next.id, async () => (await decisions())[0]?.action === "staged_rollback");
    await until("the decision to be done", async () => (await decisions())[0]?.state === "done");
    const { canary } = await control.client().getCanary(shop);
    expect(canary).toMatchObject({ deployment: first.id, baseline: next.id, kind: "rollback" });
  },
  limitMs,
);

test(
  "a decision that a crash left undone is carried out with the next start, and once",
  async () => {
    const good = await deploy(triggers("10 seconds", "immediate_rollback"), "good");
    const bad = await deploy(triggers("10 seconds", "immediate_rollback"), "bad");
    await control.control!.stop();
    const database = new Database({ connectionString: control.database.connectionString });
    const insert = (deployment: string, release: number) =>
      database.query(
        `INSERT INTO runbook_decisions (app, environment, deployment, release, clause, action, severity, evidence, signals_at)
         VALUES ('shop', 'production', $1, $2, 'rollbackTriggers.error_rate', 'immediate_rollback', 'critical',
           '{"finding":{"conditions":[]},"says":"","line":0,"seconds":[]}', now())`,
        [deployment, release],
      );
    await insert(bad.id, 2);
    await control.startControl();
    await until("the good one to answer", () => answering() === good.id);
    await until("the decision to be done", async () => (await decisions())[0]?.state === "done");
    // Somebody else was faster than this one.
    await control.control!.stop();
    await insert(bad.id, 9);
    await control.startControl();
    await until("the decision to be looked at", async () => (await decisions())[0]?.state !== "decided");
    const { releases } = await control.client().listReleases({ app: shop.app });
    expect(releases.map(({ version, kind }) => [version, kind])).toEqual([
      [3, "rollback"],
      [2, "deploy"],
      [1, "deploy"],
    ]);
    expect(answering()).toBe(good.id);
    await database.stop();
  },
  limitMs,
);

test(
  "variables, jobs and flags that a runbook names are held against the build and set with its release",
  async () => {
    const lacking = await deploy(
      `export default { envSchema: { API_KEY: "starts with 'sk-'", SITE: "url, optional" } };`,
      "lacking",
    );
    expect(lacking.error).toMatchObject({ code: "environment_refused" });
    expect(lacking.error?.message).toContain("API_KEY: is not set");
    const silent = await deploy(`export default { schedules: { "/api/daily": "0 9 * * *" } };`, "silent");
    expect(silent.error?.message).toContain("/api/daily at 0 9 * * *");
    const flagged = await deploy(
      `export default { featureFlags: { production: { EDITOR: false }, LIMIT: 8 } };`,
      "flagged",
    );
    expect(flagged.state).toBe("ready");
    const { flags } = await control.client().listFlags(shop);
    expect(flags.map(({ key, defaultVariant, variants }) => [key, variants[defaultVariant!]])).toEqual([
      ["LIMIT", 8],
      ["EDITOR", false],
    ]);
  },
  limitMs,
);

test(
  "a bad runbook ends its deployment with its line, and never replaces the good one",
  async () => {
    const good = await deploy(triggers("10 seconds", "immediate_rollback"), "good");
    const reaching = [
      `await fetch("http://127.0.0.1:${control.edge.port}/"); export default {};`,
      "cannot be evaluated",
    ] as const;
    for (const [runbook, words] of [
      [
        `export default {\n  rollbackTrigers: {},\n};`,
        'runbook.ts:2 rollbackTrigers: is not known here; did you mean "rollbackTriggers"?',
      ],
      [`export default { limits: { rotation: "8" } };`, "runbook.ts:1 limits.rotation: needs a person"],
      [`export default { at: new Date() };`, "holds a Date at at"],
      [`throw new Error("no");`, "cannot be evaluated: Error: no"],
      ...(isolated ? [reaching] : []),
    ] as const) {
      const failed = await deploy(runbook, "bad");
      expect([failed.state, failed.error?.message]).toEqual(["failed", expect.stringContaining(words)]);
    }
    expect(answering()).toBe(good.id);
    expect((await control.client().getRunbook(shop)).deployment).toBe(good.id);
  },
  limitMs,
);
