import { expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { parseAppName } from "@evenkeel/model";
import { stepNames } from "../client/index.ts";
import { acceptDeployment } from "../deployments/accept-deployment.ts";
import { controlForEachTest } from "../testing/control-for-each-test.ts";
import type { TestControl } from "../testing/test-control.ts";
import { until } from "../testing/until.ts";

const limitMs = 60_000;
let control: TestControl;
controlForEachTest(limitMs, (started) => {
  control = started;
});

const releasesOf = async (app: string) => (await control.client().listReleases({ app })).releases;

test(
  "a prebuilt app goes live at its own host and at production, as release v1",
  async () => {
    const deployed = await control.deploy("shop", { withFunction: true });
    expect(deployed.state).toBe("ready");
    expect(deployed.steps.map((step) => step.state)).toEqual(
      // It has no database, and nobody asked for gates, tests and steps.
      stepNames.map((name) =>
        ["gates", "approve", "migrate", "tests", "canary"].includes(name) ? "skipped" : "done",
      ),
    );
    expect(deployed.aliases).toEqual([`http://shop.localhost:${control.edge.port}`]);
    expect(control.edge.answering("shop.localhost")).toBe(deployed.id);
    expect(control.edge.answering(`shop-${deployed.id}.localhost`)).toBe(deployed.id);
    expect(control.host.prepared).toEqual([deployed.id]);
    expect(await releasesOf("shop")).toMatchObject([
      { version: 1, kind: "deploy", createdBy: "admin", current: true },
    ]);
    await until("the build folder is gone", () => readdirSync(control.layout.builds).length === 0);
  },
  limitMs,
);

test(
  "a deployment that cannot start, or answers with a fault, leaves the old one serving and is taken away",
  async () => {
    const sound = await control.deploy("shop");
    control.host.outcome = {
      code: "function_import_failed",
      message: "Cannot find module 'x'",
      hint: "Install it.",
    };
    const unstartable = await control.deploy("shop", { withFunction: true });
    expect(unstartable.state).toBe("failed");
    expect(unstartable.error).toEqual(control.host.outcome);
    expect(unstartable.steps.map((step) => step.state)).toEqual([
      ...["done", "done", "skipped", "done", "done", "skipped", "skipped", "failed"],
      ...["waiting", "waiting", "waiting", "waiting", "waiting"],
    ] as never);
    control.host.outcome = "wait";
    await control.client().ensureApp({ app: "shop" });
    const upload = await control.upload("shop", "crashes", true);
    const { id } = await control.client().createDeployment({
      ...{ app: "shop", upload, kind: "prebuilt", environment: "production" },
    });
    await until("the host is asked", () => control.host.prepared.includes(id));
    control.edge.broken.add(id);
    control.host.release();
    const crashing = await control.finished(id);
    expect(crashing.error).toMatchObject({ code: "smoke_failed" });
    expect(crashing.error!.message).toContain("This function has crashed.");
    expect(control.edge.answering("shop.localhost")).toBe(sound.id);
    await until("its host is gone", () => control.edge.answering(`shop-${id}.localhost`) === undefined);
    await until("its instances are ended", () => control.host.stopped.includes(id));
    expect(await releasesOf("shop")).toHaveLength(1);
  },
  limitMs,
);

test(
  "the newest deployment supersedes those before it that are not yet live",
  async () => {
    control.host.outcome = "wait";
    const client = control.client();
    await client.ensureApp({ app: "shop" });
    const create = async (text: string) => {
      const upload = await control.upload("shop", text, true);
      return client.createDeployment({ app: "shop", upload, kind: "prebuilt", environment: "production" });
    };
    const first = await create("one");
    await until("the first is being prepared", () => control.host.prepared.includes(first.id));
    const second = await create("two");
    expect(await control.finished(first.id)).toMatchObject({ state: "superseded" });
    control.host.release();
    expect(await control.finished(second.id)).toMatchObject({ state: "ready" });
    expect(control.edge.answering("shop.localhost")).toBe(second.id);
    expect((await releasesOf("shop")).map((release) => release.deployment)).toEqual([second.id]);
  },
  limitMs,
);

test(
  "of deployments that are accepted at once the last accepted one serves, and previews of other branches go their own way",
  async () => {
    const client = control.client();
    await client.ensureApp({ app: "shop" });
    const upload = await control.upload("shop", "same", true);
    const wish = { app: "shop", upload, kind: "prebuilt" } as const;
    const created = await Promise.all([
      ...Array.from({ length: 6 }, () => client.createDeployment({ ...wish, environment: "production" })),
      client.createDeployment({ ...wish, environment: "preview", branch: "one" }),
      client.createDeployment({ ...wish, environment: "preview", branch: "two" }),
      client.createDeployment({ ...wish, environment: "preview" }),
    ]);
    const ended = await Promise.all(created.map(({ id }) => control.finished(id)));
    const accepted = (await client.listDeployments({ app: "shop", environment: "production" })).deployments;
    expect(control.edge.answering("shop.localhost")).toBe(accepted[0]!.id);
    expect(ended.slice(0, 6).every(({ state }) => state === "ready" || state === "superseded")).toBe(true);
    expect(ended.slice(6).map(({ state }) => state)).toEqual(["ready", "ready", "ready"]);
    expect(control.edge.answering("shop-git-one.localhost")).toBe(ended[6]!.id);
    expect(control.edge.answering("shop-git-two.localhost")).toBe(ended[7]!.id);
    expect(ended[8]!.aliases).toEqual([]);
    expect(ended[8]!.steps.slice(-2).map((step) => step.state)).toEqual(["skipped", "skipped"]);
  },
  limitMs,
);

test(
  "a cancelled deployment stops where it is, and one that is live is not cancelled",
  async () => {
    const live = await control.deploy("shop");
    expect((await control.client().cancelDeployment({ deployment: live.id })).state).toBe("ready");
    control.host.outcome = "wait";
    const upload = await control.upload("shop", "slow", true);
    const { id } = await control
      .client()
      .createDeployment({ app: "shop", upload, kind: "prebuilt", environment: "production" });
    await until("it is being prepared", () => control.host.prepared.includes(id));
    expect((await control.client().cancelDeployment({ deployment: id })).state).toBe("cancelled");
    control.host.release();
    expect(control.edge.answering("shop.localhost")).toBe(live.id);
    expect(await control.client().cancelDeployment({ deployment: id })).toMatchObject({ state: "cancelled" });
  },
  limitMs,
);

test(
  "a deployment whose acceptance was committed without anybody hearing of it goes live when the database is asked again",
  async () => {
    const { parts } = control.control!;
    await control.client().ensureApp({ app: "shop" });
    const upload = await control.upload("shop", "unheard");
    const { id } = await acceptDeployment(parts, {
      ...{ app: parseAppName("shop"), environment: "production", kind: "prebuilt", who: "test" },
      source: { upload },
    });
    parts.pipeline.recover();
    expect((await control.finished(id)).state).toBe("ready");
  },
  limitMs,
);

test(
  "an app that is removed while it is deployed leaves nothing",
  async () => {
    control.host.outcome = "wait";
    await control.client().ensureApp({ app: "shop" });
    const upload = await control.upload("shop", "removed", true);
    const { id } = await control
      .client()
      .createDeployment({ app: "shop", upload, kind: "prebuilt", environment: "production" });
    await until("it is being prepared", () => control.host.prepared.includes(id));
    await control.client().removeApp({ app: "shop" });
    await until("its job has ended", () => !control.control!.parts.pipeline.isRunning(id));
    await until("no host answers", () => Object.keys(control.edge.state.aliases).length === 0);
    expect(readdirSync(control.layout.builds)).toEqual([]);
  },
  limitMs,
);

test(
  "progress and log are told from the beginning, however late one asks",
  async () => {
    const { id } = await control.deploy("shop");
    const types: string[] = [];
    const log: string[] = [];
    for await (const event of control.client().followDeployment({ deployment: id })) {
      if (event.type === "log") log.push(event.line.text);
      if (types.at(-1) !== event.type) types.push(event.type);
    }
    expect(types).toEqual(["deployment", "step", "log", "done"]);
    expect(log[0]).toStartWith("Unpacked 2 files");
    expect(log.at(-1)).toBe("Ready");
    const again: string[] = [];
    for await (const line of control.client().readBuildLog({ deployment: id })) again.push(line.text);
    expect(again).toEqual(log);
  },
  limitMs,
);
