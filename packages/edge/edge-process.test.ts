import { afterEach, beforeEach, expect, test } from "bun:test";
import { rmSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { outputPath } from "@evenkeel/model";
import { TestWorld } from "./testing/test-world.ts";
import { until } from "./testing/until.ts";

let world: TestWorld;
beforeEach(() => {
  world = new TestWorld();
});
afterEach(() => world.stop());

async function startProcess(environment: Record<string, string> = {}) {
  const child = Bun.spawn([process.execPath, join(import.meta.dir, "main.ts")], {
    env: { PATH: process.env["PATH"], EVENKEEL_HOME: world.folder, EVENKEEL_PORT: "0", ...environment },
    stdout: "pipe",
    stderr: "inherit",
  });
  const { value } = await child.stdout.getReader().read();
  const ready = JSON.parse(Buffer.from(value!).toString()) as { ready: boolean; port: number };
  return { child, ready };
}

/** An answer that is read as it comes. */
function open(port: number, path: string) {
  const seen = { status: 0, text: "", ended: false, broken: false };
  const outgoing = request(
    { host: "127.0.0.1", port, path, headers: { host: "shop.localhost" } },
    (answer) => {
      seen.status = answer.statusCode!;
      answer.on("data", (chunk: Buffer) => {
        seen.text += chunk.toString();
      });
      answer.on("end", () => {
        seen.ended = true;
      });
      answer.on("error", () => {
        seen.broken = true;
      });
    },
  );
  outgoing.on("error", () => {
    seen.broken = true;
  });
  outgoing.end();
  return seen;
}

test("the process says when it is ready, and SIGTERM lets a streaming answer finish", async () => {
  const { child, ready } = await startProcess();
  try {
    expect(ready.ready).toBe(true);
    let finish = () => {};
    await world.deploy({
      id: "aaaaaaaaa",
      functions: {
        "api/stream": (_request, response) => {
          response.setHeader("content-type", "text/event-stream");
          response.write("data: first\n\n");
          finish = () => response.end("data: last\n\n");
        },
      },
    });
    await until(async () => {
      const health = await fetch(`http://127.0.0.1:${ready.port}/.well-known/evenkeel-edge`);
      const { servingVersion, hostConnected } = (await health.json()) as Record<string, unknown>;
      return servingVersion === 1 && hostConnected === true;
    });
    const seen = open(ready.port, "/api/stream");
    await until(() => seen.text === "data: first\n\n");
    child.kill("SIGTERM");
    await until(async () => {
      const health = open(ready.port, "/.well-known/evenkeel-edge");
      await until(() => health.ended || health.broken);
      return health.broken;
    });
    expect(seen.ended).toBe(false);
    finish();
    await until(() => seen.ended);
    expect(seen.text).toBe("data: first\n\ndata: last\n\n");
    expect(await child.exited).toBe(0);
  } finally {
    child.kill("SIGKILL");
    await child.exited;
  }
}, 90_000);

test("an answer that its instance does not finish is cut off, and the next request gets a new instance", async () => {
  const edge = world.startEdge();
  let requests = 0;
  await world.deploy({
    id: "aaaaaaaaa",
    functions: {
      "api/stream": (_request, response) => {
        requests++;
        response.write("part");
        if (requests > 1) response.end(" and rest");
      },
    },
  });
  const seen = open(edge.port, "/api/stream");
  await until(() => seen.text === "part");
  world.host.crash("api/stream");
  await until(() => seen.broken);
  expect(seen.ended).toBe(false);
  const next = open(edge.port, "/api/stream");
  await until(() => next.ended);
  expect(next.text).toBe("part and rest");
}, 60_000);

test("requests that find their instance's socket gone go to the next instance, uploads as well", async () => {
  world.startEdge();
  await world.deploy({
    id: "aaaaaaaaa",
    functions: { "api/echo": async (incoming, response) => void incoming.pipe(response) },
  });
  expect((await world.get("shop.localhost", "/api/echo", { method: "POST", body: "one" })).text).toBe("one");
  world.host.loseSilently("api/echo");
  const answer = await world.get("shop.localhost", "/api/echo", { method: "POST", body: "two" });
  expect([answer.status, answer.text]).toEqual([200, "two"]);
}, 60_000);

test("a client that leaves while its function streams frees the instance", async () => {
  const edge = world.startEdge();
  let closed = false;
  await world.deploy({
    id: "aaaaaaaaa",
    functions: {
      "api/stream": (_request, response) => {
        response.write("part");
        response.on("close", () => {
          closed = true;
        });
      },
    },
  });
  const outgoing = request({
    host: "127.0.0.1",
    port: edge.port,
    path: "/api/stream",
    headers: { host: "shop.localhost" },
  });
  outgoing.on("error", () => {});
  outgoing.on("response", (answer) => answer.once("data", () => outgoing.destroy()));
  outgoing.end();
  await until(() => closed);
  const loads = () => world.host.heard.filter((message) => message.type === "load");
  await until(
    () => loads().length > 0 && Object.values(loads().at(-1)!.inFlight).every((count) => count === 0),
  );
}, 60_000);

test("a lost build output is the platform's fault and says so, without taking other apps along", async () => {
  world.startEdge();
  await world.deploy({ id: "bbbbbbbbb", app: "other", files: { "index.html": "other" } });
  await world.deploy({ id: "aaaaaaaaa", files: { "index.html": "home" } }, undefined, [], (output) =>
    rmSync(outputPath(world.layout, output)),
  );
  const answer = await world.get("shop.localhost", "/");
  expect([answer.status, JSON.parse(answer.text).error.code]).toEqual([500, "OUTPUT_UNREADABLE"]);
  expect((await world.get("other.localhost", "/")).text).toBe("other");
}, 60_000);
