import { expect, test } from "bun:test";
import type { Approval, Deployment } from "../api/contract/index.ts";
import type { ControlClient } from "../client/index.ts";
import { joinAs, joinAsOwner } from "../testing/browser-session.ts";
import { controlForEachTest } from "../testing/control-for-each-test.ts";
import { refusal } from "../testing/refusal.ts";
import type { TestControl } from "../testing/test-control.ts";
import { until } from "../testing/until.ts";

const limitMs = 60_000;
const of = { app: "shop", environment: "production" } as const;
let control: TestControl;
controlForEachTest(limitMs, async (started) => {
  control = started;
  await control.client().ensureApp({ app: "shop" });
});

/** Somebody by a token that is nobody's in particular, as a platform without accounts has them. */
const person = async (name: string): Promise<ControlClient> =>
  control.client(
    (
      await control.client().createToken({
        ...{ name, permissions: ["read", "deploy", "release", "configure"], apps: ["shop"] },
      })
    ).secret,
  );
const twoPeople = (approvals: { manualRollback: 0 | 2; productionDeploy: 0 | 2 }) =>
  control.client().setReleasePlan({ ...of, plan: { approvals } });
const open = async (): Promise<Approval[]> => (await control.client().listApprovals()).approvals;

/** Waits where its step `approve` does. */
async function asked(): Promise<Approval> {
  await until("an approval is asked for", async () => (await open()).length > 0);
  return (await open())[0]!;
}

async function deployAs(client: ControlClient, text: string): Promise<string> {
  const upload = await control.upload("shop", text);
  return (await client.createDeployment({ ...of, upload, kind: "prebuilt" })).id;
}

test(
  "a deploy to production waits for a second person, and what the first one says twice is one word",
  async () => {
    const before = await control.deploy("shop");
    await twoPeople({ manualRollback: 0, productionDeploy: 2 });
    const [ada, ben] = [await person("ada"), await person("ben")];
    const id = await deployAs(ada, "new");
    const approval = await asked();
    expect(approval).toMatchObject({ kind: "deploy", createdBy: "ada", needed: 2, state: "open" });
    expect(approval.content).toMatchObject({ deployment: id });
    const at = { app: "shop", approval: approval.id };
    expect(await refusal(ada.approve(at))).toBe("approval_state");
    expect(await refusal(ben.approve({ ...at, contentHash: "0".repeat(64) }))).toBe("approval_state");
    expect(control.edge.answering("shop.localhost")).toBe(before.id);
    await ben.approve({ ...at, contentHash: approval.contentHash });
    expect((await control.finished(id)).state).toBe("ready");
    expect(control.edge.answering("shop.localhost")).toBe(id);
    expect(await refusal(ben.approve(at))).toBe("approval_state");
    expect(await control.client().getApproval(at)).toMatchObject({ state: "used" });
  },
  limitMs,
);

test(
  "a refused deploy fails and leaves what answered; a newer one needs words of its own",
  async () => {
    const before = await control.deploy("shop");
    await twoPeople({ manualRollback: 0, productionDeploy: 2 });
    const [ada, ben] = [await person("ada"), await person("ben")];
    const refused = await deployAs(ada, "one");
    await ben.refuse({ app: "shop", approval: (await asked()).id, reason: "after the sale" });
    const ended: Deployment = await control.finished(refused);
    expect(ended).toMatchObject({ state: "failed", error: { code: "approval_missing" } });
    expect(ended.error!.message).toContain("after the sale");
    expect(control.edge.answering("shop.localhost")).toBe(before.id);
    const older = await deployAs(ada, "two");
    const first = await asked();
    const newer = await deployAs(ada, "three");
    expect((await control.finished(older)).state).toBe("superseded");
    await until("the newer one asks", async () => (await open()).some(({ id }) => id !== first.id));
    // What was agreed to for another build changes nothing.
    expect(await refusal(ben.approve({ app: "shop", approval: first.id }))).toBe("approval_state");
    expect(control.edge.answering("shop.localhost")).toBe(before.id);
    const second = (await open()).find(({ content }) => content["deployment"] === newer)!;
    await ben.approve({ app: "shop", approval: second.id });
    expect((await control.finished(newer)).state).toBe("ready");
  },
  limitMs,
);

test(
  "a deploy that waits goes on waiting after control was started anew",
  async () => {
    await twoPeople({ manualRollback: 0, productionDeploy: 2 });
    const [ada, ben] = [await person("ada"), await person("ben")];
    const id = await deployAs(ada, "new");
    const { id: approval } = await asked();
    await control.control!.stop();
    await control.startControl();
    expect((await open()).map(({ id }) => id)).toEqual([approval]);
    await ben.approve({ app: "shop", approval });
    expect((await control.finished(id)).state).toBe("ready");
  },
  limitMs,
);

test(
  "a rollback is carried out by the second person's word, and a promotion that goes back is one",
  async () => {
    const [one, two] = [await control.deploy("shop"), await control.deploy("shop")];
    await twoPeople({ manualRollback: 2, productionDeploy: 0 });
    const [ada, ben] = [await person("ada"), await person("ben")];
    expect(await refusal(ada.promote({ deployment: one.id }))).toBe("rollback_needs_approval");
    const { id: approval, content } = await asked();
    expect(content).toEqual({ from: two.id, to: one.id });
    const { released } = await ben.approve({ app: "shop", approval });
    expect(released?.release).toMatchObject({ deployment: one.id, createdBy: "ben", kind: "rollback" });
    expect(control.edge.answering("shop.localhost")).toBe(one.id);
    // Of another situation: what answers is not what answered then.
    const three = await control.deploy("shop");
    expect(await refusal(ada.rollback({ app: "shop" }))).toBe("rollback_needs_approval");
    expect((await asked()).content).toEqual({ from: three.id, to: one.id });
  },
  limitMs,
);

test(
  "a person has one voice, whatever tokens and sessions they use",
  async () => {
    const [one] = [await control.deploy("shop"), await control.deploy("shop")];
    await twoPeople({ manualRollback: 2, productionDeploy: 0 });
    const owner = await joinAsOwner(control);
    const ben = await joinAs(control, "ben@example.com", [{ app: "shop" as never, role: "operator" }]);
    const { secret } = await owner.ask<{ secret: string }>("POST", "/api/tokens", {
      ...{ name: "laptop", permissions: ["read", "release"] },
    });
    const rollback = { app: "shop", deployment: one.id } as const;
    expect(await refusal(control.client(secret).rollback(rollback))).toBe("rollback_needs_approval");
    const path = `/api/apps/shop/approvals/${(await asked()).id}/approve`;
    expect(await refusal(owner.ask("POST", path, {}))).toBe("approval_state");
    const wish = { name: "ben's", permissions: ["read", "release"], owner: "ben@example.com" };
    // Nobody makes themselves a second voice.
    expect(await refusal(owner.ask("POST", "/api/tokens", wish))).toBe("forbidden");
    await ben.ask("POST", path, {});
    expect(control.edge.answering("shop.localhost")).toBe(one.id);
  },
  limitMs,
);
