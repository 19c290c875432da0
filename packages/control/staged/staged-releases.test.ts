import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "bun:test";
import type { TestCluster } from "@evenkeel/postgres";
import { refusal } from "../testing/refusal.ts";
import { startControlCluster, TestControl } from "../testing/test-control.ts";
import { until } from "../testing/until.ts";

const limitMs = 90_000;
const host = "shop.localhost";
const of = { app: "shop", environment: "production" } as const;
let cluster: TestCluster;
let control: TestControl;
beforeAll(async () => {
  cluster = await startControlCluster();
}, limitMs);
afterAll(() => cluster.stop(), limitMs);
beforeEach(async () => {
  control = await TestControl.start(cluster);
}, limitMs);
afterEach(() => control.stop(), limitMs);

const canaryOf = async () => (await control.client().getCanary(of)).canary;
const alias = () => control.edge.state.aliases[host]!;

/** A second version on its way, once its canary has the first step's share. */
async function beginCanary(canary: string): Promise<{ first: string; second: string }> {
  const first = (await control.deploy("shop")).id;
  const second = await control.begin("shop", { canary });
  await until("the canary has a share", () => alias().canary?.deployment === second);
  return { first, second };
}

/** Both sides are asked until the deployment's pipeline has ended. */
async function endsWithTraffic(id: string, baseline: string, errors = 0) {
  const load = setInterval(() => {
    control.signals.measure(baseline, 100);
    control.signals.measure(id, 20, { errors });
  }, 50);
  try {
    return await control.finished(id);
  } finally {
    clearInterval(load);
  }
}

test(
  "a deploy comes to its visitors step by step, once each is seen to be sound, and is then released whole",
  async () => {
    const { first, second } = await beginCanary("5% for 1s, 50% for 1s");
    expect(alias()).toMatchObject({
      deployment: first,
      release: 1,
      canary: { deployment: second, share: 0.05 },
    });
    await control.client().addDomain({ app: "shop", host: "www.shop.example" });
    await until(
      "the domain shares, too",
      () => control.edge.state.aliases["www.shop.example"]?.canary !== undefined,
    );
    // Without requests nothing is known, and so nothing goes on.
    await until("it waits for requests", async () => (await canaryOf())?.waitsFor === "requests");
    expect(await canaryOf()).toMatchObject({ state: "running", step: 1, comparison: { verdict: "unknown" } });
    const { canary, releases } = await control.client().listReleases({ app: "shop" });
    expect([canary?.deployment, releases.length]).toEqual([second as never, 1]);
    const ended = await endsWithTraffic(second, first);
    expect(ended).toMatchObject({
      state: "ready",
      aliases: expect.arrayContaining([expect.stringContaining(host)]),
    });
    expect(ended.withheld).toBeUndefined();
    expect(alias()).toEqual({ host, deployment: second, release: 2, previous: [first] } as never);
    expect(control.edge.state.aliases["www.shop.example"]).toMatchObject({ deployment: second, release: 2 });
    const last = await canaryOf();
    expect(last).toMatchObject({ state: "done", step: 2, baseline: first });
    expect(last?.steps.map(({ share, state }) => [share, state])).toEqual([
      [0.05, "done"],
      [0.5, "done"],
    ]);
    expect(last?.steps[0]?.comparison).toMatchObject({ verdict: "healthy" });
    expect(await refusal(control.client().abortCanary(of))).toBe("canary_unknown");
  },
  limitMs,
);

test(
  "a canary that fails gives all visitors back by itself; its deployment stays, unreleased",
  async () => {
    const { first, second } = await beginCanary("50% for 1h");
    const ended = await endsWithTraffic(second, first, 10);
    expect(ended).toMatchObject({ state: "ready", aliases: [], releases: [] });
    expect(ended.withheld).toMatchObject({
      code: "canary_aborted",
      message: expect.stringContaining("fails more often: 50 % of"),
    });
    expect(ended.steps.map(({ name, state }) => `${name} ${state}`).slice(-3)).toEqual([
      "canary failed",
      "switch skipped",
      "confirm skipped",
    ]);
    // Pages of the canary that are still open find their files.
    expect(alias()).toEqual({ host, deployment: first, release: 1, previous: [second] } as never);
    expect(await canaryOf()).toMatchObject({ state: "aborted", endedBy: "platform" });
    expect((await control.client().promote({ deployment: second })).outcome).toBe("released");
  },
  limitMs,
);

test(
  "a person holds, resumes, promotes and aborts; of two who act on what they saw one is told that it has moved",
  async () => {
    const client = control.client();
    const { first, second } = await beginCanary("5% until promoted, 25% for 1h, 50% for 1h");
    await until("it waits for a person", async () => (await canaryOf())?.waitsFor === "person");
    const both = await Promise.all(
      [1, 2].map(() => refusal(client.promoteCanary({ ...of, all: false, seenStep: 1 }))),
    );
    expect(both.sort()).toEqual(["accepted", "canary_moved"]);
    expect(alias().canary).toEqual({ deployment: second, share: 0.25 } as never);
    expect((await client.holdCanary({ ...of, reason: "lunch" })).canary).toMatchObject({
      state: "held",
      step: 2,
    });
    expect((await client.resumeCanary(of)).canary).toMatchObject({ state: "running", step: 2 });
    const raced = await Promise.all([
      refusal(client.promoteCanary({ ...of, seenStep: 2 })),
      refusal(client.abortCanary({ ...of, reason: "no", seenStep: 2 })),
    ]);
    expect(raced.filter((outcome) => outcome === "accepted")).toHaveLength(1);
    const ended = await control.finished(second);
    expect(alias().canary).toBeUndefined();
    expect(alias().deployment).toBe((raced[0] === "accepted" ? second : first) as never);
    expect(ended.withheld === undefined).toBe(raced[0] === "accepted");
  },
  limitMs,
);

test(
  "what is released, deployed or cancelled beside it ends a canary; new variables go on under it",
  async () => {
    const client = control.client();
    const zero = (await control.deploy("shop")).id;
    const { first, second } = await beginCanary("5% for 1h");
    expect(await refusal(client.removeDeployment({ deployment: second }))).toBe("deployment_in_use");
    await client.setVariables({ app: "shop", environments: ["production"], variables: { A: "1" } });
    await until("the variables are live", () => alias().deployment !== first);
    expect(alias().canary?.deployment).toBe(second as never);
    expect((await canaryOf())?.state).toBe("running");
    const back = await client.rollback({ app: "shop", deployment: zero });
    expect(alias()).toMatchObject({ deployment: zero });
    expect(alias().canary).toBeUndefined();
    expect((await control.finished(second)).withheld?.code).toBe("canary_aborted");
    expect((await canaryOf())?.endedReason).toBe(`v${back.release.version} was released in its place`);

    const third = await control.begin("shop", { canary: "5% for 1h" });
    await until("the next canary has a share", () => alias().canary?.deployment === third);
    const fourth = await control.begin("shop", { canary: "5% for 1h" });
    expect((await control.finished(third)).state).toBe("superseded");
    await until("the newest has the share", () => alias().canary?.deployment === fourth);
    await client.cancelDeployment({ deployment: fourth });
    await until("nobody has a share", () => alias().canary === undefined);
    expect(alias().deployment).toBe(zero as never);
  },
  limitMs,
);

test(
  "a rollback in steps needs no proof of health and ends in the release of code and configuration",
  async () => {
    const client = control.client();
    await client.ensureApp({ app: "shop" });
    const [one, two] = [
      await control.deploy("shop", { variables: { V: "1" } }),
      await control.deploy("shop"),
    ];
    const staged = await client.stageRollback({ app: "shop", steps: "50% for 1s", reason: "slow" });
    expect(staged.canary).toMatchObject({ kind: "rollback", deployment: one!.id, baseline: two!.id });
    expect(await refusal(client.stageRollback({ app: "shop", steps: "50% for 1s" }))).toBe(
      "canary_under_way",
    );
    await until("it is released", () => alias().release === 3);
    expect(alias()).toMatchObject({ deployment: one!.id });
    expect((await client.listReleases({ app: "shop" })).releases[0]).toMatchObject({
      kind: "rollback",
      reason: "slow",
      deployment: one!.id,
    });
    await until("it is told", async () => (await canaryOf())?.state === "done");
    expect(await refusal(client.stageRollback({ app: "shop", steps: "none" }))).toBe("request_invalid");
    expect(await refusal(client.stagePromotion({ deployment: one!.id, steps: "5%" }))).toBe(
      "deployment_state",
    );
  },
  limitMs,
);

test(
  "control is killed in the middle of a step and goes on at that step",
  async () => {
    await control.stop();
    control = await TestControl.start(cluster, { apart: true });
    const { first, second } = await beginCanary("5% until promoted, 25% for 1s, 50% until promoted");
    await control.client().promoteCanary({ ...of, all: false });
    const share = () => alias().canary?.share;
    expect(share()).toBe(0.25);
    await control.killProcess();
    expect(alias()).toMatchObject({ deployment: first, canary: { share: 0.25 } });
    await control.startProcess();
    expect(await canaryOf()).toMatchObject({ state: "running", step: 2 });
    const load = setInterval(() => {
      control.signals.measure(first, 100);
      control.signals.measure(second, 20);
    }, 50);
    await until("it has gone on", () => share() === 0.5);
    clearInterval(load);
    await control.killProcess();
    await control.startProcess();
    await control.client().promoteCanary({ ...of, all: true });
    expect((await control.finished(second)).state).toBe("ready");
    expect(alias()).toMatchObject({ deployment: second, release: 2 });
  },
  limitMs,
);
