import { expect, test } from "bun:test";
import { ApiError, type Released } from "../client/index.ts";
import { controlForEachTest } from "../testing/control-for-each-test.ts";
import type { TestControl } from "../testing/test-control.ts";
import { until } from "../testing/until.ts";

const limitMs = 60_000;
let control: TestControl;
controlForEachTest(limitMs, (started) => {
  control = started;
});

const refusal = (call: Promise<unknown>): Promise<string> =>
  call.then(
    () => "accepted",
    (error) => (error instanceof ApiError ? `${error.status} ${error.code}` : String(error)),
  );

test(
  "a rollback brings back code and configuration, is confirmed by an answer, and a second one goes further back",
  async () => {
    const client = control.client();
    await client.ensureApp({ app: "shop" });
    const deployed = [];
    for (const greeting of ["one", "two", "three"]) {
      await client.setVariables({ app: "shop", variables: { GREETING: greeting }, release: false });
      deployed.push(await control.deploy("shop", { text: greeting, withFunction: true }));
    }
    const [one, two] = deployed;
    const back = await client.rollback({ app: "shop", reason: "errors" });
    expect(back.release).toMatchObject({
      version: 4,
      kind: "rollback",
      deployment: two!.id,
      reason: "errors",
    });
    expect(back.confirmation).toMatchObject({ answered: true, status: 200 });
    expect(control.edge.answering("shop.localhost")).toBe(two!.id);
    expect(control.host.hosted.get(two!.id)?.environment).toMatchObject({
      GREETING: "two",
      VERCEL_ENV: "production",
    });
    expect((await client.rollback({ app: "shop" })).release.deployment).toBe(one!.id);
    expect(await refusal(client.rollback({ app: "shop" }))).toBe("404 release_unknown");
    const forward = (await client.rollback({ app: "shop", version: 3 })).release;
    expect(forward).toMatchObject({ version: 6, deployment: deployed[2]!.id });
    const { releases } = await client.listReleases({ app: "shop" });
    expect(releases.map(({ version, kind, current }) => [version, kind, current])).toEqual([
      [6, "rollback", true],
      [5, "rollback", false],
      [4, "rollback", false],
      [3, "deploy", false],
      [2, "deploy", false],
      [1, "deploy", false],
    ]);
    const alias = control.edge.state.aliases["shop.localhost"]!;
    expect(alias.release).toBe(6);
    expect(alias.previous).toEqual([one!.id, two!.id]);
  },
  limitMs,
);

test(
  "what was rolled back from is not brought back by the rollback of its successor",
  async () => {
    const client = control.client();
    const sound = await control.deploy("shop");
    await control.deploy("shop");
    await client.rollback({ app: "shop" });
    await control.deploy("shop");
    expect((await client.rollback({ app: "shop" })).release.deployment).toBe(sound.id);
    expect(await refusal(client.rollback({ app: "shop" }))).toBe("404 release_unknown");
  },
  limitMs,
);

test(
  "releases are refused where they would do harm",
  async () => {
    const client = control.client();
    const live = await control.deploy("shop");
    expect(await refusal(client.promote({ deployment: live.id }))).toBe("409 deployment_state");
    expect(await refusal(client.rollback({ app: "shop", version: 9 }))).toBe("404 release_unknown");
    expect(await refusal(client.rollback({ app: "nothing" }))).toBe("404 app_unknown");
    const other = await control.deploy("other");
    expect(await refusal(client.rollback({ app: "shop", deployment: other.id }))).toBe("404 release_unknown");
    expect(await refusal(client.removeDeployment({ deployment: live.id }))).toBe("409 deployment_in_use");
    const next = await control.deploy("shop", { withFunction: true });
    control.host.outcome = { code: "function_exited", message: "It ended" };
    const failed = await control.deploy("shop", { withFunction: true, text: "failing" });
    expect(await refusal(client.promote({ deployment: failed.id }))).toBe("409 deployment_state");
    expect((await client.rollback({ app: "shop" })).release.deployment).toBe(live.id);
    // Its function does not start any more: what serves stays.
    expect(await refusal(client.promote({ deployment: next.id }))).toBe("422 function_exited");
    expect(control.edge.answering("shop.localhost")).toBe(live.id);
  },
  limitMs,
);

test(
  "a promoted preview is deployed anew with production's variables",
  async () => {
    const client = control.client();
    await client.ensureApp({ app: "shop" });
    await client.setVariables({ app: "shop", environments: ["production"], variables: { KIND: "real" } });
    await client.setVariables({ app: "shop", environments: ["preview"], variables: { KIND: "trial" } });
    const preview = await control.deploy("shop", {
      environment: "preview",
      branch: "new",
      withFunction: true,
    });
    expect(control.host.hosted.get(preview.id)?.environment["KIND"]).toBe("trial");
    const promoted = await client.promote({ deployment: preview.id });
    if (promoted.outcome !== "rebuilding") throw new Error("A preview was aliased as it is");
    const production = await control.finished(promoted.deployment.id);
    expect(production).toMatchObject({
      state: "ready",
      environment: "production",
      sourceHash: preview.sourceHash,
    });
    expect(control.edge.answering("shop.localhost")).toBe(production.id);
    expect(control.host.hosted.get(production.id)?.environment["KIND"]).toBe("real");
  },
  limitMs,
);

test(
  "custom domains follow production from the moment they are added, and belong to one app",
  async () => {
    const client = control.client();
    const first = await control.deploy("shop");
    await client.addDomain({ app: "shop", host: "WWW.Shop.Example." });
    await until("it answers", () => control.edge.answering("www.shop.example") === first.id);
    const second = await control.deploy("shop");
    expect(second.aliases).toEqual([
      `http://shop.localhost:${control.edge.port}`,
      `http://www.shop.example:${control.edge.port}`,
    ]);
    expect(((await client.rollback({ app: "shop" })) as Released).urls).toHaveLength(2);
    await until("it follows", () => control.edge.answering("www.shop.example") === first.id);
    await client.ensureApp({ app: "other" });
    expect(await refusal(client.addDomain({ app: "other", host: "www.shop.example" }))).toBe(
      "409 host_taken",
    );
    expect(await refusal(client.addDomain({ app: "other", host: "evil.localhost" }))).toBe(
      "422 domain_refused",
    );
    expect(await refusal(client.addDomain({ app: "other", host: "127.0.0.1" }))).toBe("422 domain_refused");
    await client.removeDomain({ app: "shop", host: "www.shop.example" });
    await until("it answers no more", () => control.edge.answering("www.shop.example") === undefined);
    expect(await refusal(client.removeDomain({ app: "shop", host: "www.shop.example" }))).toBe(
      "404 domain_unknown",
    );
  },
  limitMs,
);

test(
  "an app whose name is another app's deployment host is refused, and a removed app leaves nothing behind",
  async () => {
    const client = control.client();
    const deployed = await control.deploy("shop", { withFunction: true });
    expect(await refusal(client.ensureApp({ app: `shop-${deployed.id}` }))).toBe("409 host_taken");
    await client.removeApp({ app: "shop" });
    await until("no host answers", () => Object.keys(control.edge.state.aliases).length === 0);
    expect(control.edge.state.deployments).toEqual({});
    expect(await refusal(client.getDeployment({ deployment: deployed.id }))).toBe("404 deployment_unknown");
    const again = await control.deploy("shop");
    expect(again.releases.map((release) => release.version)).toEqual([1]);
  },
  limitMs,
);
