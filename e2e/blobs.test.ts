import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { eventually } from "./harness/http.ts";
import { TestPlatform } from "./harness/platform.ts";

let platform: TestPlatform;
beforeAll(async () => {
  platform = await TestPlatform.start();
}, 120_000);
afterAll(() => platform?.stop(), 120_000);

const host = "files.localhost";
const api = async (method: string, name?: string, body?: object): Promise<unknown> => {
  const answer = await platform.ask(host, `/api/files${name === undefined ? "" : `?name=${name}`}`, {
    method,
    headers: { "content-type": "application/json" },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  if (answer.status !== 200) throw new Error(`${method} ${name}: ${answer.status} ${answer.text()}`);
  return answer.json();
};
const names = () => api("GET") as Promise<string[]>;
const urlOf = async (method: string, name: string) =>
  new URL(((await api(method, name)) as { url: string }).url);

/** As a browser would; `*.localhost` is loopback. */
const send = (url: URL, init: { method?: string; body?: Uint8Array } = {}) =>
  platform.ask(url.hostname, url.pathname + url.search, {
    method: init.method ?? "GET",
    ...(init.body ? { body: init.body } : {}),
  });

describe("the bucket of an app", () => {
  test("is made for a source that depends on an S3 client, and found by the official SDK as it is", async () => {
    const deployed = await platform.deploy(platform.copyFixture("blob-notes"), "--app", "files", "--prod");
    expect(await platform.must("logs", "files", "--build", deployed.id)).toContain(
      "Made the bucket files-production: it depends on @aws-sdk/client-s3",
    );
    await api("POST", "one", { text: "1" });
    await api("POST", "two", { text: "2" });
    expect(await names()).toEqual(["one", "two"]);
    expect(await platform.json<object[]>("blobs", "list", "files")).toMatchObject([
      { environment: "production", bucket: "files-production", objects: 2 },
    ]);
  }, 240_000);

  test("takes uploads of browsers by presigned URL through the edge, large ones too", async () => {
    const body = randomBytes(20 * 1024 * 1024);
    expect((await send(await urlOf("PUT", "large"), { method: "PUT", body })).status).toBe(200);
    const got = await send(await urlOf("GET", "large"));
    expect(got.status).toBe(200);
    expect(Buffer.compare(got.body, body)).toBe(0);
    const forged = await urlOf("GET", "large");
    forged.pathname = forged.pathname.replace("large", "one");
    expect((await send(forged)).status).toBe(403);
  }, 120_000);

  test("keeps what it acknowledged when its process is killed", async () => {
    const { processes } = await platform.json<{ processes: { name: string; pid: number }[] }>("status");
    const acknowledged: string[] = [];
    for (let count = 0; count < 20; count++) {
      await api("POST", `k${count}`, { count });
      acknowledged.push(`k${count}`);
    }
    process.kill(processes.find(({ name }) => name === "blobs")!.pid, "SIGKILL");
    await eventually(
      () => names().catch(() => []),
      (seen) => seen.length > 0,
    );
    expect(await names()).toEqual(expect.arrayContaining(acknowledged));
  }, 120_000);

  test("goes back to the moment before its files were deleted", async () => {
    const before = await names();
    await Bun.sleep(20);
    const moment = new Date().toISOString();
    await Bun.sleep(20);
    for (const name of before) await api("DELETE", name);
    expect(await names()).toEqual([]);
    expect((await platform.failing("blobs", "restore", "files", "--to", "yesterday", "--yes")).exitCode).toBe(
      2,
    );
    expect(await platform.json<object>("blobs", "restore", "files", "--to", moment, "--yes")).toEqual({
      restored: before.length,
      removed: 0,
    });
    expect(await names()).toEqual(before);
  }, 120_000);

  test("goes with its app", async () => {
    const { buckets } = await platform.json<{ buckets: { folder: string }[] }>("remove", "files", "--yes");
    expect(existsSync(buckets[0]!.folder)).toBe(true);
    expect(await platform.json<object[]>("blobs", "list")).toEqual([]);
  }, 120_000);
});
