import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { parseAppName } from "@evenkeel/model";
import type { TestCluster } from "@evenkeel/postgres";
import { insertApp } from "../apps/app-store.ts";
import { Database } from "../database/database.ts";
import { cloneControlDatabase, startControlCluster } from "../testing/test-control.ts";
import type { Actor } from "./actor.ts";
import { type IncidentChange, Incidents } from "./incidents.ts";
import type { TroubleReport } from "./trouble.ts";

let cluster: TestCluster;
let database: Database;
let stopDatabase: () => Promise<void>;
let incidents: Incidents;
let changes: IncidentChange[];
const shop = parseAppName("shop");
const of = { app: shop, environment: "production" as const };
const ada: Actor = { kind: "person", id: "ada", name: "Ada" };
const outage: TroubleReport = {
  ...{
    ...of,
    source: "outage",
    key: "outage",
    severity: "outage",
    component: "web",
    title: "All requests fail",
  },
};

beforeAll(async () => {
  cluster = await startControlCluster();
}, 60_000);
afterAll(() => cluster.stop(), 60_000);
beforeEach(async () => {
  await stopDatabase?.();
  const clone = await cloneControlDatabase(cluster);
  database = new Database({ connectionString: clone.connectionString });
  stopDatabase = () => database.stop();
  await database.transaction((connection) =>
    insertApp(connection, shop, { who: "test", domain: "localhost" }),
  );
  restart();
}, 60_000);
afterAll(() => stopDatabase?.());

/** As after a crash: what was in memory only is gone. */
function restart(): void {
  changes = [];
  incidents = new Incidents({
    database,
    plan: async () => {},
    onCommit: (change) => void changes.push(change),
  });
}
const kinds = () => changes.map(({ kind }) => kind);
const unresolved = () => incidents.list({ state: "unresolved", limit: 50 });

test("a storm of breaches, from many at once, is one incident", async () => {
  const storm = Array.from(
    { length: 1_000 },
    (_, index): TroubleReport => ({
      ...outage,
      ...{
        key: `clause.${index % 300}`,
        severity: index % 2 ? "minor" : "major",
        title: `Breach ${index % 300}`,
      },
    }),
  );
  const told = await Promise.all(storm.map((report) => incidents.report(report)));
  expect(new Set(told.map(({ incident }) => incident)).size).toBe(1);
  expect(told.filter(({ opened }) => opened)).toHaveLength(1);
  await incidents.round(Date.now());
  const [incident, ...others] = await unresolved();
  expect(others).toEqual([]);
  const { causes, timeline } = await incidents.get(incident!.id);
  expect(causes.reduce((sum, { reports }) => sum + reports, 0)).toBe(1_000);
  expect(causes.length).toBeLessThanOrEqual(201);
  expect(timeline.length).toBeLessThan(220);
}, 60_000);

test("what is graver raises it, what is milder joins it", async () => {
  const { incident } = await incidents.report({ ...outage, key: "slow", severity: "minor", title: "Slow" });
  await incidents.report(outage);
  await incidents.report({
    ...outage,
    key: "jobs",
    component: "schedules",
    severity: "minor",
    title: "Jobs fail",
  });
  expect(kinds()).toEqual(["opened", "raised", "joined"]);
  expect(await incidents.get(incident)).toMatchObject({
    ...{ severity: "P0", title: "All requests fail", components: ["schedules", "web"] },
  });
});

test("it is resolved when nothing has been wrong for a while, and what comes back meanwhile is the same one", async () => {
  const { incident } = await incidents.report(outage);
  await incidents.recovered(outage);
  await incidents.round(Date.now() + 30_000);
  expect(await incidents.get(incident)).toMatchObject({ state: "open", phase: "monitoring" });
  await incidents.report(outage);
  await incidents.recovered(outage);
  // It takes longer after each return.
  await incidents.round(Date.now() + 70_000);
  expect((await incidents.get(incident)).state).toBe("open");
  await incidents.round(Date.now() + 130_000);
  expect(await incidents.get(incident)).toMatchObject({ state: "resolved", flaps: 1 });
  expect((await incidents.report(outage)).incident).toBe(incident);
  expect(kinds()).toEqual(["opened", "recovered", "joined", "recovered", "resolved", "reopened"]);
});

test("after a crash everything goes on as it was", async () => {
  const { incident } = await incidents.report(outage);
  restart();
  await incidents.load();
  expect(incidents.hasUnresolved).toBe(true);
  expect(await incidents.report(outage)).toEqual({ incident, opened: false });
  await incidents.recovered(outage);
  await incidents.round(Date.now() + 70_000);
  expect(kinds()).toEqual(["recovered", "resolved"]);
});

test("of two people who act at once one is told that it has moved", async () => {
  const { incident } = await incidents.report(outage);
  const { revision } = await incidents.get(incident);
  const acted = await Promise.allSettled(
    [ada, { ...ada, name: "Ben" }].map((actor) =>
      incidents.acknowledge(incident, actor, { seenRevision: revision }),
    ),
  );
  expect(acted.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
  expect(acted.find(({ status }) => status === "rejected")).toMatchObject({
    reason: { code: "incident_moved" },
  });
  expect(kinds()).toEqual(["opened", "acknowledged"]);
});

test("what a person resolves stays quiet while it goes on, and counts anew once it was over", async () => {
  const { incident } = await incidents.report(outage);
  await incidents.resolve(incident, ada, { message: "known" });
  expect(await incidents.report(outage)).toEqual({ incident, opened: false });
  expect(await unresolved()).toEqual([]);
  await incidents.recovered(outage);
  const again = await incidents.report(outage);
  expect(again.opened).toBe(true);
  expect(again.incident).not.toBe(incident);
});

test("one that a person opened takes in what the platform finds", async () => {
  const opened = await incidents.open(
    shop,
    {
      environment: "production",
      severity: "P1",
      title: "Login fails",
      components: ["login"],
      isPublic: true,
    },
    ada,
  );
  expect((await incidents.report(outage)).incident).toBe(opened.id);
  await incidents.recovered(outage);
  await incidents.round(Date.now() + 3_600_000);
  expect((await incidents.get(opened.id)).state).toBe("open");
  await incidents.resolve(opened.id, ada, {});
  expect((await incidents.get(opened.id)).state).toBe("resolved");
});
