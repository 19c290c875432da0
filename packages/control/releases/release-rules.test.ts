import { expect, test } from "bun:test";
import type { GrantablePermission } from "../client/index.ts";
import { controlForEachTest } from "../testing/control-for-each-test.ts";
import { refusal } from "../testing/refusal.ts";
import type { TestControl } from "../testing/test-control.ts";
import { until } from "../testing/until.ts";

const limitMs = 90_000;
const of = { app: "shop", environment: "production" } as const;
let control: TestControl;
controlForEachTest(limitMs, (started) => {
  control = started;
});

const answering = () => control.edge.answering("shop.localhost");

async function person(name: string) {
  const permissions: GrantablePermission[] = ["read", "release"];
  return control.client((await control.client().createToken({ name, permissions })).secret);
}

/** A push, as the git server takes one. */
async function push(): Promise<string> {
  const upload = await control.upload("shop", `pushed ${Math.random()}`);
  const { pipeline } = control.control!.parts;
  return pipeline.accept({
    ...{ app: "shop" as never, environment: "production", kind: "prebuilt", source: { upload } },
    ...{ who: "ada", automatic: true },
  });
}

test(
  "a condemned deployment is passed over by rollbacks, refused by name, and promoted only by who says so",
  async () => {
    const client = control.client();
    const [one, two, three] = [
      await control.deploy("shop"),
      await control.deploy("shop"),
      await control.deploy("shop"),
    ];
    await client.condemnDeployment({ deployment: two!.id, reason: "loses orders" });
    expect((await client.getDeployment({ deployment: two!.id })).condemned).toMatchObject({
      by: "admin",
      reason: "loses orders",
    });
    expect((await client.rollback({ app: "shop" })).release.deployment).toBe(one!.id);
    expect(await refusal(client.rollback({ app: "shop", deployment: two!.id }))).toBe("deployment_condemned");
    expect(await refusal(client.promote({ deployment: two!.id }))).toBe("deployment_condemned");
    expect(await refusal(client.stagePromotion({ deployment: two!.id, steps: "5%" }))).toBe(
      "deployment_condemned",
    );
    expect(answering()).toBe(one!.id);
    expect(await refusal(client.promote({ deployment: two!.id, evenCondemned: true }))).toBe("accepted");
    expect(await client.absolveDeployment({ deployment: two!.id })).toEqual({ absolved: true });
    expect(await client.absolveDeployment({ deployment: two!.id })).toEqual({ absolved: false });
    await client.promote({ deployment: three!.id });
    await client.condemnDeployment({ deployment: one!.id, reason: "old" });
    await client.condemnDeployment({ deployment: two!.id, reason: "again" });
    expect(await refusal(client.rollback({ app: "shop" }))).toBe("release_unknown");
    const canary = await control.begin("shop", { canary: "5% for 1h" });
    await until("it has a share", () => control.edge.state.aliases["shop.localhost"]?.canary !== undefined);
    await client.condemnDeployment({ deployment: canary, reason: "seen enough" });
    expect((await control.finished(canary)).withheld?.message).toContain("seen enough");
  },
  limitMs,
);

test(
  "an automatic rollback condemns what it left and pauses pushes, until a person releases another build",
  async () => {
    const client = control.client();
    const { releaser } = control.control!.parts;
    const [one, two] = [await control.deploy("shop"), await control.deploy("shop")];
    const by = { who: "runbook", reason: "error rate 12 %", automatic: true };
    await releaser.rollback({ app: "shop" as never, environment: "production" }, by);
    expect(answering()).toBe(one!.id);
    expect((await client.getDeployment({ deployment: two!.id })).condemned?.reason).toBe("error rate 12 %");
    expect((await client.getAutoDeploy(of)).paused).toMatchObject({
      by: "runbook",
      reason: "error rate 12 %",
    });
    const pushed = await control.finished(await push());
    expect(pushed).toMatchObject({ state: "ready", aliases: [], withheld: { code: "auto_deploy_paused" } });
    expect(pushed.withheld?.hint).toContain(`evenkeel promote ${pushed.id}`);
    expect(answering()).toBe(one!.id);
    // It changes nothing that its variables are changed, or that it is rolled back by hand.
    await client.setVariables({ app: "shop", environments: ["production"], variables: { A: "1" } });
    await until("the variables are live", () => answering() !== one!.id);
    expect((await client.getAutoDeploy(of)).paused).toBeDefined();
    await client.promote({ deployment: pushed.id });
    expect((await client.getAutoDeploy(of)).paused).toBeUndefined();
    const next = await control.finished(await push());
    expect(next.withheld).toBeUndefined();
    expect(answering()).toBe(next.id);
    await client.pauseAutoDeploy({ ...of, reason: "holidays" });
    const fixed = await control.deploy("shop");
    expect([answering(), (await client.getAutoDeploy(of)).paused]).toEqual([fixed.id, undefined] as never);
    await client.pauseAutoDeploy(of);
    expect(await client.resumeAutoDeploy(of)).toEqual({ environment: "production" });
  },
  limitMs,
);

test(
  "where a manual rollback takes two people, the second one's same command carries it out, once",
  async () => {
    const [one, two] = [await control.deploy("shop"), await control.deploy("shop")];
    await control.client().setReleasePlan({ ...of, plan: { approvals: { manualRollback: 2 } } });
    const [ada, ben] = [await person("ada"), await person("ben")];
    expect(await refusal(ada.rollback({ app: "shop" }))).toBe("rollback_needs_approval");
    expect(await refusal(ada.rollback({ app: "shop" }))).toBe("rollback_needs_approval");
    expect(answering()).toBe(two!.id);
    expect((await ben.rollback({ app: "shop" })).release).toMatchObject({
      deployment: one!.id,
      createdBy: "ben",
    });
    await ben.promote({ deployment: two!.id });
    // What was asked for is used up, although the same is asked once more.
    expect(await refusal(ben.rollback({ app: "shop" }))).toBe("rollback_needs_approval");
    const { entries } = await control.client().listAudit({ app: "shop" });
    expect(entries.filter(({ action }) => action.startsWith("approval.")).length).toBeGreaterThan(2);
  },
  limitMs,
);
