import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  applyServingEntry,
  emptyServingState,
  type FeedFromControl,
  type FeedToControl,
  type HostedDeployment,
  type ServingChange,
} from "@evenkeel/model";
import type { TestCluster, TestDatabase } from "@evenkeel/postgres";
import { connectForMessages, type MessageConnection } from "@evenkeel/wire";
import { Database } from "../database/database.ts";
import { cloneControlDatabase, startControlCluster } from "../testing/test-control.ts";
import { until } from "../testing/until.ts";
import { Feed } from "./feed.ts";
import { Serving } from "./serving.ts";
import { appendServingEntry, compactServing, entriesAfter, loadServing } from "./serving-log.ts";

const limitMs = 60_000;
let cluster: TestCluster;
let clone: TestDatabase;
let database: Database;
let folder: string;
let serving: Serving;
let hosted: (ids: string[]) => Promise<HostedDeployment[]>;
beforeAll(async () => {
  cluster = await startControlCluster();
}, limitMs);
afterAll(() => cluster.stop(), limitMs);
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "ek-feed-"));
  clone = await cloneControlDatabase(cluster);
  database = new Database({ connectionString: clone.connectionString });
  hosted = async () => [];
  serving = makeServing();
  await serving.feed.load();
}, limitMs);
afterEach(async () => {
  serving.stop();
  await database.stop();
  await clone.drop();
  rmSync(folder, { recursive: true, force: true });
}, limitMs);

function makeServing(): Serving {
  const feed = new Feed(join(folder, "feed.sock"), {
    load: () => loadServing(database),
    entriesAfter: (version) => entriesAfter(database, version),
    hosted: (ids) => hosted(ids),
  });
  return new Serving(database, feed);
}

const alias = (host: string, deployment = "d1"): ServingChange => ({
  put: "alias",
  alias: { host, deployment: deployment as never, previous: [] },
});
const publish = async (...changes: ServingChange[]) =>
  (await serving.change(async () => ({ changes, result: undefined }))).published;

interface Peer {
  messages: FeedFromControl[];
  connection: MessageConnection<FeedFromControl, FeedToControl>;
}

async function subscribe(
  name: string,
  version: number,
  options: { role?: "edge" | "host"; acks?: boolean } = {},
): Promise<Peer> {
  const connection = await connectForMessages<FeedFromControl, FeedToControl>(join(folder, "feed.sock"));
  const peer: Peer = { messages: [], connection };
  const before = serving.feed.reports().length;
  connection.onMessage = (message) => {
    peer.messages.push(message);
    const reached = message.type === "snapshot" ? message.state.version : message.entries.at(-1)!.version;
    if (options.acks !== false) connection.send({ type: "ack", version: reached });
  };
  connection.send({ type: "hello", role: options.role ?? "edge", name, version });
  await until("the subscriber is known", () => serving.feed.reports().length > before);
  return peer;
}

test(
  "an edge is told what it lacks, and a snapshot where that is no longer kept or it is ahead",
  async () => {
    for (const host of ["a", "b", "c", "d"]) await publish(alias(host));
    const behind = await subscribe("edge-0", 2);
    await until("the entries came", () => behind.messages.length > 0);
    expect(behind.messages).toMatchObject([{ type: "entries", entries: [{ version: 3 }, { version: 4 }] }]);
    const current = await subscribe("edge-1", 4);
    const ahead = await subscribe("edge-2", 99);
    await until("the snapshot came", () => ahead.messages.length > 0);
    expect(ahead.messages).toMatchObject([{ type: "snapshot", state: { version: 4 } }]);
    await publish(alias("e"));
    expect(current.messages).toMatchObject([{ type: "entries", entries: [{ version: 5 }] }]);
    expect(await compactServing(database, 1)).toBe(4);
    serving.stop();
    serving = makeServing();
    await serving.feed.load();
    const old = await subscribe("edge-3", 1);
    await until("the snapshot came", () => old.messages.length > 0);
    expect(old.messages[0]).toMatchObject({ type: "snapshot", state: { version: 5 } });
    const fresh = await subscribe("edge-4", 4);
    await until("the entry came", () => fresh.messages.length > 0);
    expect(fresh.messages[0]).toMatchObject({ type: "entries", entries: [{ version: 5 }] });
  },
  limitMs,
);

test(
  "a change is confirmed by the edges that acknowledge it, and names those that do not",
  async () => {
    await subscribe("edge-0", 0);
    const deaf = await subscribe("edge-1", 0, { acks: false });
    const entry = await database.transaction((connection) => appendServingEntry(connection, [alias("a")]));
    await serving.feed.publish(entry, 1);
    await until("one has it", () => serving.feed.reports().some(({ version }) => version === 1));
    expect(await serving.feed.acknowledgedBy("edge", 1, 1)).toEqual({
      version: 1,
      acknowledged: ["edge-0"],
      unconfirmed: ["edge-1"],
    });
    const next = await database.transaction((connection) => appendServingEntry(connection, [alias("b")]));
    const waiting = serving.feed.publish(next, limitMs);
    deaf.connection.close();
    expect(await waiting).toEqual({ version: 2, acknowledged: ["edge-0"], unconfirmed: [] });
  },
  limitMs,
);

test(
  "changes that are committed together have one order, and every edge ends in the same state",
  async () => {
    const peers = await Promise.all([subscribe("edge-0", 0), subscribe("edge-1", 0)]);
    await Promise.all(Array.from({ length: 50 }, (_, index) => publish(alias(`h${index % 7}`, `d${index}`))));
    const { state } = await loadServing(database);
    expect(state.version).toBe(50);
    for (const peer of peers) {
      // Two that are committed at one moment may come in one message.
      const came = () =>
        peer.messages.flatMap((message) => (message.type === "entries" ? message.entries : []));
      await until("all entries came", () => came().length === 50);
      const seen = emptyServingState();
      for (const entry of came()) applyServingEntry(seen, entry);
      expect(seen).toEqual(state);
    }
  },
  limitMs,
);

test(
  "what was committed unseen reaches the edges with the next change, or when the database is asked again",
  async () => {
    const peer = await subscribe("edge-0", 0);
    await database.transaction((connection) => appendServingEntry(connection, [alias("unseen")]));
    await publish(alias("seen"));
    expect(Object.keys(serving.feed.serving!.aliases)).toEqual(["unseen", "seen"]);
    await database.transaction((connection) => appendServingEntry(connection, [alias("later")]));
    serving.recover();
    await until("the edge has it", () => peer.messages.length === 3);
    expect(
      peer.messages.flatMap((message) => (message.type === "entries" ? message.entries : [])),
    ).toMatchObject([{ version: 1 }, { version: 2 }, { version: 3 }]);
  },
  limitMs,
);

test(
  "the host gets the environments with the entry that needs them, in order, even if they take a while",
  async () => {
    const slow = Promise.withResolvers<void>();
    hosted = async (ids) => {
      await slow.promise;
      return ids.map(
        (id) => ({ id, app: "shop", environment: { SECRET: "x" } }) as unknown as HostedDeployment,
      );
    };
    const host = await subscribe("host", 0, { role: "host" });
    const edge = await subscribe("edge-0", 0);
    await publish({ put: "deployment", deployment: { id: "d1" } as never });
    await publish(alias("a"));
    slow.resolve();
    await until("the host has both", () => host.messages.length === 3);
    expect(host.messages.map((message) => message.hosted?.map(({ id }) => id as string))).toEqual([
      [],
      ["d1"],
      [],
    ]);
    expect(JSON.stringify(edge.messages)).not.toContain("SECRET");
  },
  limitMs,
);

test(
  "a change whose work fails is neither kept nor told",
  async () => {
    const peer = await subscribe("edge-0", 0);
    const failed = serving.change(async () => {
      throw new Error("refused");
    });
    await expect(failed).rejects.toThrow("refused");
    await publish(alias("a"));
    expect(peer.messages).toMatchObject([{ type: "entries", entries: [{ version: 1 }] }]);
  },
  limitMs,
);
