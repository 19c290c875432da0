import { afterEach, beforeEach, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type {
  AppName,
  DeploymentId,
  FeedFromControl,
  FeedToControl,
  OutputId,
  ServingState,
} from "@evenkeel/model";
import { listenForMessages, type MessageConnection } from "@evenkeel/wire";
import { until } from "../testing/until.ts";
import { ServingFeed } from "./serving-feed.ts";
import { ServingTable } from "./serving-table.ts";

const id = "abcdefghi" as DeploymentId;
const state = (version: number): ServingState => ({
  version,
  deployments: {
    [id]: {
      id,
      app: "shop" as AppName,
      environment: "production",
      output: "0".repeat(64) as OutputId,
      host: "shop-abcdefghi.localhost",
      createdAtMs: 0,
      maxInstances: 10,
    },
  },
  aliases: { "shop.localhost": { host: "shop.localhost", deployment: id, previous: [] } },
});

let folder: string;
const stops: (() => void)[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ek-feed-"));
});
afterEach(() => {
  for (const stop of stops.splice(0).reverse()) stop();
  rmSync(folder, { recursive: true, force: true });
});

function startControl() {
  const received: FeedToControl[] = [];
  const connections: MessageConnection<FeedToControl, FeedFromControl>[] = [];
  const server = listenForMessages<FeedToControl, FeedFromControl>(
    join(folder, "feed.sock"),
    (connection) => {
      connections.push(connection);
      connection.onMessage = (message) => received.push(message);
    },
  );
  stops.push(() => server.stop());
  return { received, connections, stop: () => server.stop() };
}

function startFeed(table: ServingTable) {
  const feed = new ServingFeed({
    name: "edge-0",
    feedSocket: join(folder, "feed.sock"),
    statePath: join(folder, "edge-0.json"),
    table,
    persistDelayMs: 10,
  });
  stops.push(() => feed.stop());
  return feed;
}

test("a snapshot and entries are in force before they are acknowledged, and reach the disk", async () => {
  const control = startControl();
  const table = new ServingTable();
  startFeed(table);
  await until(() => control.received.length === 1);
  expect(control.received[0]).toEqual({ type: "hello", role: "edge", name: "edge-0", version: 0 });
  control.connections[0]!.send({ type: "snapshot", state: state(3) });
  await until(() => control.received.length === 2);
  expect(control.received[1]).toEqual({ type: "ack", version: 3 });
  expect(table.site("shop.localhost")?.deployment.id).toBe(id);
  control.connections[0]!.send({
    type: "entries",
    entries: [{ version: 4, changes: [{ remove: "alias", host: "shop.localhost" }] }],
  });
  await until(() => control.received.length === 3);
  expect(control.received[2]).toEqual({ type: "ack", version: 4 });
  expect(table.site("shop.localhost")).toBeUndefined();
  const path = join(folder, "edge-0.json");
  await until(() => existsSync(path) && JSON.parse(readFileSync(path, "utf8")).version === 4);
}, 60_000);

test("an edge that starts while control is away serves its last known state, then tells its version", async () => {
  writeFileSync(join(folder, "edge-0.json"), JSON.stringify(state(7)));
  const table = new ServingTable();
  startFeed(table);
  expect(table.site("shop.localhost")?.deployment.id).toBe(id);
  const control = startControl();
  await until(() => control.received.length === 1);
  expect(control.received[0]).toEqual({ type: "hello", role: "edge", name: "edge-0", version: 7 });
}, 60_000);

test("a state file of broken JSON does not keep an edge from starting", () => {
  writeFileSync(join(folder, "edge-0.json"), '{"version": 7, "depl');
  const table = new ServingTable();
  startFeed(table);
  expect(table.version).toBe(0);
});
