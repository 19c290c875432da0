import { expect, test } from "bun:test";
import type { EdgeToHost, HostToEdge, InstanceId } from "@evenkeel/model";
import type { MessageConnection } from "@evenkeel/wire";
import { EdgeConnections } from "./edge-connections.ts";

type Connection = MessageConnection<EdgeToHost, HostToEdge>;
const instance = "d-1" as InstanceId;

function connection(): Connection & { told: HostToEdge[] } {
  const told: HostToEdge[] = [];
  return {
    told,
    send: (message) => told.push(message),
    close() {},
    closed: false,
    queuedBytes: 0,
    onMessage() {},
    onClose() {},
  };
}

test("loads of all edges are added up, and those of an edge that leaves are forgotten", () => {
  const edges = new EdgeConnections();
  const [one, two] = [connection(), connection()];
  edges.add(one);
  edges.add(two);
  edges.load(one, { [instance]: 3 }, undefined);
  edges.load(two, { [instance]: 4 }, undefined);
  expect(edges.inFlight(instance)).toBe(7);
  edges.remove(one);
  expect(edges.inFlight(instance)).toBe(4);
});

test("use is heard of from loads that rise or fall and from what was used in between, not from zeros", () => {
  const edges = new EdgeConnections();
  const used: string[] = [];
  edges.onUsed = (id) => used.push(id);
  const edge = connection();
  edges.add(edge);
  edges.load(edge, { a: 0 }, undefined);
  expect(used).toEqual([]);
  edges.load(edge, { a: 1 }, undefined);
  edges.load(edge, { a: 0 }, undefined);
  edges.load(edge, { a: 0 }, ["b" as InstanceId]);
  expect(used).toEqual(["a", "a", "b"]);
});

test("a drain ends when every edge has confirmed it or is gone", async () => {
  const edges = new EdgeConnections();
  const [one, two] = [connection(), connection()];
  edges.add(one);
  edges.add(two);
  let ended = false;
  const drain = edges.drain(instance, 60_000).then(() => {
    ended = true;
  });
  expect(one.told).toEqual([{ type: "drain", instance }]);
  edges.drained(one, instance);
  await Promise.resolve();
  expect(ended).toBe(false);
  edges.remove(two);
  await drain;
  expect(ended).toBe(true);
});

test("a drain ends at its limit and at once without edges", async () => {
  const edges = new EdgeConnections();
  await edges.drain(instance, 60_000);
  edges.add(connection());
  await edges.drain(instance, 10);
});
