import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DeploymentId, EdgeToHost, FunctionId, HostToEdge, InstanceId } from "@evenkeel/model";
import { listenForMessages, type MessageConnection } from "@evenkeel/wire";
import { until } from "../testing/until.ts";
import { HostLink } from "./host-link.ts";
import { busyInFlight, type Instance, type WaitFailure } from "./instance-table.ts";

const deployment = "abcdefghi" as DeploymentId;
const fn = "f".repeat(64) as FunctionId;

let folder: string;
const stops: (() => void)[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ek-link-"));
});
afterEach(() => {
  for (const stop of stops.splice(0).reverse()) stop();
  rmSync(folder, { recursive: true, force: true });
});

function startHost() {
  const received: EdgeToHost[] = [];
  const connections: MessageConnection<EdgeToHost, HostToEdge>[] = [];
  const server = listenForMessages<EdgeToHost, HostToEdge>(join(folder, "host.sock"), (connection) => {
    connections.push(connection);
    connection.onMessage = (message) => received.push(message);
  });
  stops.push(() => server.stop());
  return {
    received,
    of: <Type extends EdgeToHost["type"]>(type: Type) =>
      received.filter((message): message is Extract<EdgeToHost, { type: Type }> => message.type === type),
    tell: (message: HostToEdge) => connections.at(-1)!.send(message),
    stop: () => server.stop(),
  };
}

function startLink(options: { queueLimit?: number; relearnMs?: number } = {}): HostLink {
  const link = new HostLink({ name: "edge-0", hostSocket: join(folder, "host.sock"), ...options });
  stops.push(() => link.stop());
  return link;
}

const running = (id: string): HostToEdge => ({
  type: "instance",
  instance: { id: id as InstanceId, deployment, function: fn, socketPath: `/run/${id}.sock` },
});

function wait(link: HostLink, untilMs = Number.POSITIVE_INFINITY) {
  const outcome: { instance?: Instance; failure?: WaitFailure } = {};
  link.wait(link.pool(deployment, fn), {
    untilMs,
    onInstance: (instance) => {
      outcome.instance = instance;
    },
    onWaitFailed: (failure) => {
      outcome.failure = failure;
    },
  });
  return outcome;
}

test("a request waits, the need is told and repeated, and the instance that comes takes it", async () => {
  const host = startHost();
  const link = startLink();
  const pool = link.pool(deployment, fn);
  expect(link.take(pool)).toBeUndefined();
  const outcome = wait(link);
  await until(() => host.of("need").length >= 3);
  expect(host.received[0]).toEqual({ type: "hello", role: "edge", name: "edge-0" });
  expect(host.of("need")[0]).toEqual({ type: "need", deployment, function: fn, waiting: 1 });
  host.tell(running("i1"));
  await until(() => outcome.instance !== undefined);
  await until(() => host.of("load").some((load) => load.inFlight["i1" as InstanceId] === 1));
  link.release(outcome.instance!);
  await until(() => host.of("load").at(-1)?.inFlight["i1" as InstanceId] === 0);
}, 60_000);

test("requests go to the instance with the fewest in flight, and one more is wanted only when all are busy", async () => {
  const host = startHost();
  const link = startLink();
  const pool = link.pool(deployment, fn);
  await until(() => link.connected);
  host.tell(running("i1"));
  host.tell(running("i2"));
  await until(() => pool.ready.length === 2);
  for (let request = 0; request < 2 * busyInFlight; request++) link.take(pool);
  expect(pool.ready.map((instance) => instance.inFlight)).toEqual([busyInFlight, busyInFlight]);
  await until(() => host.of("load").length > 0);
  expect(host.of("need")).toEqual([]);
  link.take(pool);
  await until(() => host.of("need").length === 1);
}, 60_000);

test("a draining instance takes nothing more and is reported once its last request is done", async () => {
  const host = startHost();
  const link = startLink();
  const pool = link.pool(deployment, fn);
  await until(() => link.connected);
  host.tell(running("i1"));
  host.tell(running("i2"));
  await until(() => pool.ready.length === 2);
  const busy = link.take(pool)!;
  host.tell({ type: "drain", instance: busy.id });
  await until(() => pool.ready.length === 1);
  expect(link.take(pool)!.id).not.toBe(busy.id);
  expect(host.of("drained")).toEqual([]);
  link.release(busy);
  await until(() => host.of("drained").length === 1);
  expect(host.of("drained")[0]!.instance).toBe(busy.id);
}, 60_000);

test("a failed start fails those who wait, with its reason", async () => {
  const host = startHost();
  const link = startLink();
  const outcome = wait(link);
  await until(() => host.of("need").length > 0);
  const error = { code: "function_import_failed", message: "Cannot find module 'x'" };
  host.tell({ type: "failed", deployment, function: fn, error });
  await until(() => outcome.failure !== undefined);
  expect(outcome.failure).toEqual({ kind: "start_failed", error });
}, 60_000);

test("waiting is bounded in number and in time", async () => {
  startHost();
  const link = startLink({ queueLimit: 1 });
  const first = wait(link, performance.now());
  const second = wait(link);
  expect(second.failure).toEqual({ kind: "queue_full" });
  await until(() => first.failure !== undefined);
  expect(first.failure).toEqual({ kind: "timeout" });
}, 60_000);

test("instances outlive the host's absence; one that came back without them takes them away", async () => {
  const host = startHost();
  const link = startLink({ relearnMs: 100 });
  const pool = link.pool(deployment, fn);
  await until(() => link.connected);
  host.tell(running("i1"));
  host.tell(running("i2"));
  await until(() => pool.ready.length === 2);
  host.stop();
  await until(() => !link.connected);
  expect(link.take(pool)).toBeDefined();
  const next = startHost();
  await until(() => link.connected && next.of("hello").length === 1);
  next.tell(running("i2"));
  await until(() => pool.ready.length === 1);
  expect(pool.ready[0]!.id).toBe("i2" as InstanceId);
}, 60_000);

test("an instance that refused a connection is avoided while there is another", async () => {
  const host = startHost();
  const link = startLink();
  const pool = link.pool(deployment, fn);
  await until(() => link.connected);
  host.tell(running("i1"));
  host.tell(running("i2"));
  await until(() => pool.ready.length === 2);
  const bad = link.take(pool)!;
  link.suspect(bad);
  link.release(bad);
  expect(link.take(pool, bad)!.id).not.toBe(bad.id);
  expect(link.take(pool)!.id).not.toBe(bad.id);
}, 60_000);
