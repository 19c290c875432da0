import { afterAll, beforeAll, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, statSync } from "node:fs";
import { connect } from "node:net";
import type { TestCluster } from "@evenkeel/postgres";
import { startControlCluster, TestControl } from "../testing/test-control.ts";
import { until } from "../testing/until.ts";

const limitMs = 60_000;
let cluster: TestCluster;
let control: TestControl;
beforeAll(async () => {
  cluster = await startControlCluster();
  control = await TestControl.start(cluster);
  await control.client().ensureApp({ app: "shop" });
}, limitMs);
afterAll(async () => {
  await control.stop();
  await cluster.stop();
}, limitMs);

const ask = (path: string, init: RequestInit = {}) =>
  fetch(`http://localhost${path}`, {
    ...init,
    headers: { authorization: `Bearer ${control.adminToken}`, ...init.headers },
    unix: control.layout.controlSocket,
  });

test("errors say code, message and hint, whatever is wrong with the request", async () => {
  const cases: [string, RequestInit, number, string, string][] = [
    ["/api/nothing", {}, 404, "route_unknown", "GET /api/nothing"],
    ["/api/apps/Shop;rm", {}, 400, "invalid_value", "App name"],
    ["/api/apps/%24%28id%29", { method: "PUT" }, 400, "invalid_value", "App name"],
    ["/api/deployments/short", {}, 400, "invalid_value", "Deployment id"],
    ["/api/apps/shop/rollback", { method: "POST", body: "{" }, 400, "request_invalid", "not JSON"],
    ["/api/apps/shop/rollback", { method: "POST", body: '{"verison":1}' }, 400, "request_invalid", "verison"],
    ["/api/apps/shop/deployments?limit=many", {}, 400, "request_invalid", "limit"],
    [
      "/api/apps/shop/variables",
      { method: "PUT", body: JSON.stringify({ variables: { A: "x".repeat(70_000) } }) },
      422,
      "variable_refused",
      "65536",
    ],
    [
      "/api/apps/shop/variables",
      { method: "PUT", body: "x".repeat(2 ** 21) },
      413,
      "request_too_large",
      "larger",
    ],
  ];
  for (const [path, init, status, code, words] of cases) {
    const response = await ask(path, init);
    const { error } = (await response.json()) as { error: { code: string; message: string } };
    expect({ path, status: response.status, code: error.code }).toEqual({ path, status, code });
    expect(error.message).toContain(words);
  }
});

test(
  "an upload that is cut, too long or of other bytes leaves nothing, and a deployment of it is refused",
  async () => {
    const client = control.client();
    const bytes = Buffer.alloc(3_000_000, "x");
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    const socket = connect(control.layout.controlSocket);
    socket.write(
      `PUT /api/apps/shop/uploads/${sha256}?sizeBytes=${bytes.length} HTTP/1.1\r\nHost: localhost\r\n` +
        `Authorization: Bearer ${control.adminToken}\r\nContent-Length: ${bytes.length}\r\n\r\n`,
    );
    socket.write(bytes.subarray(0, 1_000_000));
    const incoming = () => (existsSync(control.layout.uploads) ? readdirSync(control.layout.uploads) : []);
    await until("the upload has begun", () => incoming().length > 0);
    socket.destroy();
    await until("what had come is gone", () => incoming().length === 0);
    const wrong = (sizeBytes: number, body: Uint8Array) =>
      client.putUpload({ app: "shop", sha256, sizeBytes }, new Blob([body as Uint8Array<ArrayBuffer>]));
    await expect(wrong(bytes.length, bytes.subarray(1))).rejects.toMatchObject({ code: "upload_incomplete" });
    await expect(wrong(10, bytes)).rejects.toMatchObject({ code: "upload_corrupt" });
    await expect(wrong(bytes.length, Buffer.alloc(bytes.length, "y"))).rejects.toMatchObject({
      code: "upload_corrupt",
    });
    expect(incoming()).toEqual([]);
    const create = client.createDeployment({ app: "shop", upload: sha256, kind: "prebuilt" });
    await expect(create).rejects.toMatchObject({ code: "upload_unknown", status: 404 });
    expect((await client.listDeployments({ app: "shop" })).deployments).toEqual([]);
  },
  limitMs,
);

test("an upload of one app cannot be deployed by another that knows its hash", async () => {
  const upload = await control.upload("shop", "private");
  await control.client().ensureApp({ app: "other" });
  const create = control.client().createDeployment({ app: "other", upload, kind: "prebuilt" });
  await expect(create).rejects.toMatchObject({ code: "upload_unknown" });
});

test("variables can be set and removed, and are refused by name with the reason", async () => {
  const client = control.client();
  const { variables } = await client.setVariables({
    ...{
      app: "shop",
      environments: ["production", "preview"],
      variables: { API_KEY: "s3cret-value", EMPTY: "" },
    },
  });
  expect(variables).toHaveLength(4);
  expect(
    JSON.stringify([variables, await client.listVariables({ app: "shop" }), await client.listAudit()]),
  ).not.toContain("s3cret-value");
  for (const name of ["LD_PRELOAD", "NODE_OPTIONS", "PATH", "A=B", "VERCEL_URL", "1A", ""]) {
    await expect(
      client.setVariables({ app: "shop", variables: { FINE: "x", [name]: "x" } }),
    ).rejects.toMatchObject({
      code: "variable_refused",
    });
  }
  await client.removeVariable({ app: "shop", name: "API_KEY" });
  await expect(client.removeVariable({ app: "shop", name: "API_KEY" })).rejects.toMatchObject({
    code: "variable_unknown",
  });
  const left = (await client.listVariables({ app: "shop" })).variables.map(
    (each) => `${each.environment}.${each.name}`,
  );
  expect(left).toEqual(["preview.API_KEY", "preview.EMPTY", "production.EMPTY"]);
});

test("a rotated token is accepted with both secrets until the overlap ends", async () => {
  const client = control.client();
  const made = await client.createToken({ name: "ci", permissions: ["read"] });
  const accepted = (secret: string) =>
    control
      .client(secret)
      .listApps()
      .then(
        () => true,
        (error) => error.code,
      );
  const rotated = await client.rotateToken({ token: made.id, overlapMs: 60_000 });
  expect(await Promise.all([accepted(made.secret), accepted(rotated.secret)])).toEqual([true, true]);
  const again = await client.rotateToken({ token: made.id, overlapMs: 0 });
  expect(await Promise.all([made, rotated, again].map(({ secret }) => accepted(secret)))).toEqual([
    "unauthenticated",
    "unauthenticated",
    true,
  ]);
});

test("the machine's own token is rotated with an overlap that outlives a restart, on record", async () => {
  const before = control.adminToken;
  const accepted = (secret: string) =>
    control
      .client(secret)
      .listTokens()
      .then(
        () => true,
        (error) => error.code,
      );
  const rotated = await control.client().rotateToken({ token: "admin", overlapMs: 60_000 });
  expect(control.adminToken).toBe(rotated.secret);
  expect(await Promise.all([accepted(before), accepted(rotated.secret)])).toEqual([true, true]);
  await control.control!.stop();
  await control.startControl();
  expect(await Promise.all([accepted(before), accepted(rotated.secret)])).toEqual([true, true]);
  await control.client(before).rotateToken({ token: "admin", overlapMs: 0 });
  const tokens = [before, rotated.secret, control.adminToken];
  expect(await Promise.all(tokens.map(accepted))).toEqual(["unauthenticated", "unauthenticated", true]);
  const { entries } = await control.client().listAudit({ limit: 2 });
  expect(entries.map(({ action, object }) => [action, object])).toEqual([
    ["token.rotate", "admin"],
    ["token.rotate", "admin"],
  ]);
});

test("what is set for one deployment is the platform's where it must be", async () => {
  const { id } = await control.deploy("shop", {
    withFunction: true,
    variables: { OWN: "1", EMPTY: "over", VERCEL_URL: "forged.example" },
  });
  const { environment } = control.host.hosted.get(id)!;
  expect(environment).toMatchObject({ OWN: "1", EMPTY: "over", VERCEL: "1", VERCEL_ENV: "production" });
  expect(environment["VERCEL_URL"]).toBe(`shop-${id}.localhost:${control.edge.port}`);
  expect(environment["CI"]).toBeUndefined();
});

test("the machine's token, the key and the socket are for their owner alone", () => {
  for (const path of [control.layout.apiToken, control.layout.masterKey, control.layout.controlSocket]) {
    expect(statSync(path).mode & 0o077).toBe(0);
  }
});
