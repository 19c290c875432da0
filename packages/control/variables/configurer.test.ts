import { expect, test } from "bun:test";
import { controlForEachTest } from "../testing/control-for-each-test.ts";
import type { TestControl } from "../testing/test-control.ts";
import { until } from "../testing/until.ts";

const limitMs = 60_000;
let control: TestControl;
controlForEachTest(limitMs, (started) => {
  control = started;
});

const app = "shop";
const host = "shop.localhost";
const set = async (variables: Record<string, string>, more: object = {}) =>
  (await control.client().setVariables({ app, variables, ...more })).deployments[0]!;
const listed = async () =>
  Object.fromEntries(
    (await control.client().listVariables({ app, environment: "production" })).variables.map((one) => [
      one.name,
      one.live,
    ]),
  );
const revealed = async () =>
  (await control.client().revealVariables({ app, environment: "production" })).variables;
const seenBy = (id: string) => control.host.hosted.get(id)?.environment ?? {};
const releases = async () => (await control.client().listReleases({ app })).releases;

test(
  "a change is a release of the same build, whose instance stands ready before the switch, and a rollback takes it back",
  async () => {
    const first = await control.deploy(app, { withFunction: true, variables: { GIVEN: "own" } });
    control.host.outcome = "wait";
    const id = await set({ KEY: "one", GIVEN: "not this" });
    await until("an instance is being prepared", () => control.host.prepared.includes(id));
    expect(control.edge.answering(host)).toBe(first.id);
    expect(await listed()).toEqual({ GIVEN: false, KEY: false });
    control.host.release();
    const second = await control.finished(id);
    expect(second).toMatchObject({ state: "ready", output: first.output!, sourceHash: first.sourceHash });
    expect(second.steps.map(({ state }) => state).slice(0, 3)).toEqual(["skipped", "skipped", "skipped"]);
    expect(control.edge.answering(host)).toBe(id);
    expect(seenBy(id)).toMatchObject({ KEY: "one", GIVEN: "own" });
    const third = await control.finished(await set({ KEY: "two", MORE: "x" }, { remove: ["GIVEN"] }));
    expect(seenBy(third.id)).toMatchObject({ KEY: "two", MORE: "x", GIVEN: "own" });
    expect((await releases()).map(({ version, reason }) => [version, reason])).toEqual([
      [3, "KEY, MORE set, GIVEN removed"],
      [2, "KEY, GIVEN set"],
      [1, undefined],
    ] as never);
    // Three deployments of one build need one place among those whose files stay reachable.
    expect(control.edge.state.aliases[host]!.previous).toEqual([id]);

    expect((await control.client().rollback({ app })).release.deployment).toBe(id as never);
    expect(await revealed()).toEqual({ KEY: "one" });
    expect(await listed()).toEqual({ KEY: true });
    const history = (await control.client().listVariableChanges({ app })).changes;
    expect(history.map(({ kind, release, names }) => [kind, release, names.map(({ name }) => name)])).toEqual(
      [
        ["restore", 2, ["KEY", "MORE"]],
        ["set", 3, ["GIVEN", "KEY", "MORE"]],
        ["set", 2, ["GIVEN", "KEY"]],
      ] as never,
    );
  },
  limitMs,
);

test(
  "a change that keeps the app from starting is undone, and what was live stays",
  async () => {
    await control.deploy(app, { withFunction: true });
    const sound = await control.finished(await set({ KEY: "one" }));
    control.host.outcome = { code: "function_import_failed", message: "KEY is wrong" };
    const failed = await control.finished(await set({ KEY: "bad", NEW: "x" }));
    expect(failed).toMatchObject({ state: "failed", error: { message: "KEY is wrong" } });
    expect(control.edge.answering(host)).toBe(sound.id);
    expect(await revealed()).toEqual({ KEY: "one" });
    control.host.outcome = "ready";
    expect(await control.client().setVariables({ app, variables: { KEY: "one" } })).toMatchObject({
      deployments: [],
    });
  },
  limitMs,
);

test(
  "changes one after the other supersede each other and none is lost",
  async () => {
    await control.deploy(app, { withFunction: true });
    control.host.outcome = "wait";
    const ids = [await set({ A: "1" }), await set({ B: "2" }), await set({ C: "3" })];
    control.host.release();
    const ended = await Promise.all(ids.map((id) => control.finished(id)));
    expect(ended.map(({ state }) => state)).toEqual(["superseded", "superseded", "ready"]);
    expect(seenBy(ids[2]!)).toMatchObject({ A: "1", B: "2", C: "3" });
    const { changes } = await control.client().listVariableChanges({ app });
    expect(changes.map(({ release }) => release)).toEqual([2, 2, 2]);
  },
  limitMs,
);

test(
  "a change during a deploy reaches the old build at once and the new one right after it",
  async () => {
    const old = await control.deploy(app, { withFunction: true, text: "old" });
    control.host.outcome = "wait";
    const upload = await control.upload(app, "new", true);
    const created = await control.client().createDeployment({
      ...{ app, upload, kind: "prebuilt", environment: "production" },
    });
    await until("the new build is being prepared", () => control.host.prepared.includes(created.id));
    const change = await set({ KEY: "late" });
    await until("the change is being prepared", () => control.host.prepared.includes(change));
    control.host.release();
    const [built, changed] = [await control.finished(created.id), await control.finished(change)];
    expect(built.state).toBe("ready");
    await until("the new build has the new value", async () => {
      const live = control.edge.answering(host)!;
      return seenBy(live)["KEY"] === "late" && (await releases())[0]!.deployment === live;
    });
    const live = await control.client().getDeployment({ deployment: control.edge.answering(host)! });
    expect(live.output).toBe(built.output!);
    expect(live.output).not.toBe(old.output!);
    expect(["ready", "superseded"]).toContain(changed.state);
    expect(await listed()).toEqual({ KEY: true });
  },
  limitMs,
);

test(
  "one fault among many changes nothing, all faults are told, and never a value",
  async () => {
    const deployed = await control.deploy(app, { withFunction: true });
    const value = "canary-value";
    const many = Object.fromEntries(Array.from({ length: 18 }, (_, index) => [`V${index}`, value]));
    const bad = { "A=B": value, NODE_OPTIONS: value, "LINE\nBREAK": value, NUL: `${value}\0` };
    const error = await set({ ...many, ...bad }).then(
      () => undefined,
      (thrown) => thrown as { code: string; message: string },
    );
    expect(error?.code).toBe("variable_refused");
    for (const name of Object.keys(bad)) expect(error!.message).toContain(JSON.stringify(name));
    expect(error!.message).not.toContain(value);
    await expect(set({ BIG: "x".repeat(70_000) })).rejects.toMatchObject({ code: "variable_refused" });
    await expect(set({ FINE: "x" }, { remove: ["GONE", "LOST"] })).rejects.toMatchObject({
      code: "variable_unknown",
      message: expect.stringContaining('"GONE", "LOST"'),
    });
    expect(await revealed()).toEqual({});
    expect(control.edge.answering(host)).toBe(deployed.id);
  },
  limitMs,
);

test(
  "a rotated secret has its old value beside it until the overlap ends, also where control was away",
  async () => {
    const client = control.client();
    await control.deploy(app, { withFunction: true });
    await control.finished(await set({ KEY: "old" }));
    const rotate = (value: string, overlapMs: number) =>
      client.rotateVariable({ app, name: "KEY", value, overlapMs });
    const { deployments, previousUntilMs } = await rotate("new", 60_000);
    expect(previousUntilMs).toBeGreaterThan(Date.now());
    await control.finished(deployments[0]!);
    expect(seenBy(deployments[0]!)).toMatchObject({ KEY: "new", KEY_PREVIOUS: "old" });
    await expect(rotate("newer", 60_000)).rejects.toMatchObject({ code: "rotation_under_way", status: 409 });
    await control.finished((await client.endOverlap({ app, name: "KEY" })).deployments[0]!);
    expect(await revealed()).toEqual({ KEY: "new" });

    await control.finished((await rotate("newer", 1)).deployments[0]!);
    await control.control!.stop();
    await control.startControl();
    await until("the overlap has ended", async () => {
      const live = seenBy(control.edge.answering(host)!);
      return live["KEY"] === "newer" && live["KEY_PREVIOUS"] === undefined;
    });
    const { changes } = await control.client().listVariableChanges({ app, limit: 2 });
    expect(changes.map(({ kind }) => kind)).toEqual(["overlap_end", "rotate"]);
  },
  limitMs,
);

test(
  "previews have values of their own, production's never",
  async () => {
    await control.client().ensureApp({ app });
    await set({ KEY: "of-production", ONLY: "of-production" });
    await set({ KEY: "of-preview" }, { environments: ["preview"] });
    const preview = await control.deploy(app, { withFunction: true, environment: "preview", branch: "b" });
    expect(seenBy(preview.id)["KEY"]).toBe("of-preview");
    expect(Object.values(seenBy(preview.id))).not.toContain("of-production");
    expect(await set({ KEY: "other" }, { environments: ["preview"] })).toBeUndefined();
    const production = await control.deploy(app, { withFunction: true });
    expect(seenBy(production.id)).toMatchObject({ KEY: "of-production", ONLY: "of-production" });
  },
  limitMs,
);
