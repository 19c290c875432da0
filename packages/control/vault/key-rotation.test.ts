import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { beginRotation, isBeingRotated, readMasterKeys } from "@evenkeel/disk";
import type { FromDatabases, PlatformProtection, ToDatabases } from "@evenkeel/model";
import type { TestCluster } from "@evenkeel/postgres";
import { listenForMessages } from "@evenkeel/wire";
import { Database } from "../database/database.ts";
import { startControlCluster, TestControl } from "../testing/test-control.ts";
import { until } from "../testing/until.ts";
import { sealedTables } from "./sealed-tables.ts";
import { Vault } from "./vault.ts";

const limitMs = 60_000;
let cluster: TestCluster;
let control: TestControl;
let database: Database;
let keeper: { stop(): void };
/** What the archive has copied; the keeper's end is played here. */
let archivedAtMs: () => number;
beforeAll(async () => {
  cluster = await startControlCluster();
}, limitMs);
afterAll(() => cluster.stop(), limitMs);
beforeEach(async () => {
  control = await TestControl.start(cluster);
  database = new Database({ connectionString: control.database.connectionString });
  archivedAtMs = Date.now;
  keeper = listenForMessages<ToDatabases, FromDatabases>(control.layout.databasesSocket, (connection) => {
    connection.onMessage = ({ id, type }) => {
      const platform = { files: { copiedAtMs: archivedAtMs() } } as PlatformProtection;
      connection.send({ id, done: true, ...(type === "platform" ? { platform } : { databases: [] }) });
    };
  });
  await until("the keeper is connected", () => control.control!.parts.databases.isConnected);
}, limitMs);
afterEach(async () => {
  await database.stop();
  await control.stop();
  keeper.stop();
}, limitMs);

const app = "shop";
const key = () => readFileSync(control.layout.masterKey, "hex");
const values = async () =>
  (await control.client().revealVariables({ app, environment: "production" })).variables;
/** Of all tables, how many values begin otherwise than those that the key seals. */
async function sealedOtherwise(): Promise<number> {
  const prefix = Vault.open(control.layout.masterKey).newestPrefix;
  let count = 0;
  for (const table of ["variables", "deployment_variables"]) {
    const rows = await database.query<{ sealed: Buffer }>(
      `SELECT sealed FROM ${table} WHERE sealed IS NOT NULL`,
    );
    expect(rows.length).toBeGreaterThan(0);
    count += rows.filter(({ sealed }) => !sealed.subarray(0, prefix.length).equals(prefix)).length;
  }
  return count;
}
async function deployWithVariables(): Promise<string> {
  await control.client().ensureApp({ app });
  const variables = Object.fromEntries(
    Array.from({ length: 600 }, (_, index) => [`V${index}`, `value ${index}`]),
  );
  await control.client().setVariables({ app, variables });
  return (await control.deploy(app, { withFunction: true })).id;
}

test(
  "every value opens with the new key alone, while others are being set",
  async () => {
    await deployWithVariables();
    const before = key();
    archivedAtMs = () => 0;
    const rotating = control.client().rotateMasterKey();
    await until("the rotation has begun", () => isBeingRotated(control.layout.masterKey));
    const prefix = Vault.open(control.layout.masterKey).newestPrefix.toString("hex");
    const [wrapped] = await database.query<{ count: number }>(
      "SELECT count(*) FROM variables WHERE encode(substring(sealed FROM 1 FOR 9), 'hex') = $1",
      [prefix],
    );
    // Whoever rebuilds from the archive now needs the old key alone, and has it.
    expect(wrapped!.count).toBe(0);
    archivedAtMs = Date.now;
    for (const name of ["ONE", "TWO", "THREE"])
      await control.client().setVariables({ app, variables: { [name]: name }, release: false });
    expect(await rotating).toMatchObject({ unreadable: 0 });
    expect(key()).not.toBe(before);
    expect(isBeingRotated(control.layout.masterKey)).toBe(false);
    expect(await sealedOtherwise()).toBe(0);
    expect(await values()).toMatchObject({ V0: "value 0", V599: "value 599", THREE: "THREE" });
    expect(control.host.rekeyed).toBeGreaterThanOrEqual(1);
    const { entries } = await control.client().listAudit();
    expect(entries.map(({ action }) => action)).toContain("key.rotate");
  },
  limitMs,
);

test(
  "a rotation that a crash interrupted opens everything meanwhile, and ends by itself at the next start",
  async () => {
    const id = await deployWithVariables();
    await control.control!.stop();
    beginRotation(control.layout.masterKey);
    // Half of the values were wrapped anew.
    const vault = Vault.open(control.layout.masterKey);
    const place = { app: app as never, environment: "production", name: "V1" } as const;
    await database.query("UPDATE variables SET sealed = $1 WHERE name = 'V1'", [
      vault.seal("value 1", place),
    ]);
    const successor = Buffer.from(readMasterKeys(control.layout.masterKey).sealing).toString("hex");
    await control.startControl();
    expect(await values()).toMatchObject({ V0: "value 0", V1: "value 1" });
    await until("the rotation has ended", () => !isBeingRotated(control.layout.masterKey));
    expect(key()).toBe(successor);
    expect(await sealedOtherwise()).toBe(0);
    await control.control!.stop();
    await control.startControl();
    await until(
      "the host hears of it",
      () => control.host.hosted.get(id)?.environment["V599"] === "value 599",
    );
    expect(await values()).toMatchObject({ V0: "value 0", V1: "value 1" });
  },
  limitMs,
);

test("every table with sealed values is known to the rotation", async () => {
  const rows = await database.query<{ table_name: string }>(
    "SELECT table_name FROM information_schema.columns WHERE column_name = 'sealed' AND table_schema = 'public'",
  );
  const known = sealedTables.map(({ table }) => table);
  expect(rows.map((row) => row.table_name).filter((name) => !known.includes(name))).toEqual([]);
});
