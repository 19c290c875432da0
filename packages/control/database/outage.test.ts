import { afterAll, beforeAll, expect, test } from "bun:test";
import type { FeedFromControl, FeedToControl } from "@evenkeel/model";
import { startCluster, type TestCluster, unsafeSettings } from "@evenkeel/postgres";
import { connectForMessages } from "@evenkeel/wire";
import { ApiError } from "../client/index.ts";
import { startControlCluster, TestControl } from "../testing/test-control.ts";
import { until } from "../testing/until.ts";
import { Database } from "./database.ts";

const limitMs = 120_000;
let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startControlCluster();
}, limitMs);
afterAll(() => cluster.stop(), limitMs);

/** Repeats what the database could not answer, as a person would. */
async function insistently<Result>(call: () => Promise<Result>): Promise<Result> {
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== "database_unavailable") throw error;
      await Bun.sleep(20);
    }
  }
}

test(
  "deployments and rollbacks come to their end while the database's backends are killed again and again",
  async () => {
    const control = await TestControl.start(cluster, { apart: true });
    const killer = new Database({ connectionString: cluster.connectionString(), connections: 1 });
    let killing = true;
    // Bounded, so that on a slow machine too it comes to an end.
    const kills = (async () => {
      for (let round = 0; round < 60 && killing; round++) {
        await killer.query(
          "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND application_name = 'evenkeel-control'",
          [control.database.name],
        );
        await Bun.sleep(10 + Math.random() * 60);
      }
    })();
    try {
      const client = control.client();
      await insistently(() => client.ensureApp({ app: "shop" }));
      const ids: string[] = [];
      for (const text of ["one", "two", "three"]) {
        const upload = await insistently(() => control.upload("shop", text, true));
        const wish = { app: "shop", upload, kind: "prebuilt", environment: "production" } as const;
        const { id } = await insistently(() => client.createDeployment(wish));
        ids.push(id);
        await until(`${id} is ready`, async () => {
          const { state } = await insistently(() => client.getDeployment({ deployment: id }));
          return state === "ready";
        });
      }
      killing = false;
      await kills;
      const { releases } = await insistently(() => client.listReleases({ app: "shop" }));
      expect(
        releases.filter((release) => ids.includes(release.deployment)).map((release) => release.deployment),
      ).toEqual(ids.toReversed() as never);
      expect(releases[0]!.deployment as string).toBe(ids[2]!);
      await until("the edge serves it", () => control.edge.answering("shop.localhost") === ids[2]);
      expect((await insistently(() => client.rollback({ app: "shop" }))).release.deployment as string).toBe(
        ids[1]!,
      );
    } finally {
      killing = false;
      await kills.catch(() => {});
      await killer.stop();
      await control.stop();
    }
  },
  limitMs,
);

test(
  "while the database is killed requests are told so, edges are still told what to serve, and all goes on when it is back",
  async () => {
    const own = await startControlCluster();
    const control = await TestControl.start(own, { apart: true });
    let server = own.cluster;
    try {
      const deployed = await control.deploy("shop");
      process.kill(server.pid, "SIGKILL");
      await server.exited();
      const client = control.client();
      await until("it is noticed", async () => (await client.getHealth()).database === "down");
      await expect(client.listApps()).rejects.toMatchObject({ status: 503, code: "database_unavailable" });
      await expect(client.rollback({ app: "shop" })).rejects.toMatchObject({ status: 503 });
      expect((await client.getStatus()).subscribers.map(({ role }) => role).sort()).toEqual(["edge", "host"]);
      const edge = await connectForMessages<FeedFromControl, FeedToControl>(control.layout.feedSocket);
      const told = Promise.withResolvers<FeedFromControl>();
      edge.onMessage = told.resolve;
      edge.send({ type: "hello", role: "edge", name: "edge-1", version: 0 });
      expect(JSON.stringify(await told.promise)).toContain(deployed.id);
      edge.close();
      server = await startCluster({
        ...{ dataDir: server.dataDir, socketDir: server.socketDir, settings: unsafeSettings },
      });
      await until("the database is back", async () => (await client.getHealth()).database === "up");
      const next = await control.deploy("shop", { text: "after" });
      expect(next).toMatchObject({ state: "ready", releases: [{ version: 2 }] });
    } finally {
      await control.stop();
      await server.stop("immediate");
      await own.stop();
    }
  },
  limitMs,
);
