import { afterAll, beforeAll, expect, test } from "bun:test";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { type AppEnvironment, type DatabasesRequest, homeLayout, parseAppName } from "@evenkeel/model";
import type { Client } from "pg";
import { withSession } from "../../client/session.ts";
import { readArchivePlace } from "../../platform/archive-place.ts";
import { unsafeSettings } from "../../server/server-settings.ts";
import { until } from "../../testing/until.ts";
import { DatabaseKeeper, type KeeperOptions } from "../database-keeper.ts";
import { databaseArchive, databaseKeys, databasePlace } from "../database-place.ts";
import { readRecords, writeRecord } from "../database-record.ts";
import { stopDatabases } from "../stop-databases.ts";
import { EvidenceLog } from "./evidence-log.ts";

const limitMs = 180_000;
const shop: AppEnvironment = { app: parseAppName("shop"), environment: "production" };
let folder: string;
let layout: ReturnType<typeof homeLayout>;
let keeper: DatabaseKeeper;

const newKeeper = (options: KeeperOptions = {}) =>
  new DatabaseKeeper(layout, { ...unsafeSettings, full_page_writes: true }, options);
const ask = (request: DatabasesRequest) => keeper.answer(request, () => {});
const verify = async () => (await ask({ type: "verify", ...shop })).evidence![0]!;
const evidence = async () => (await ask({ type: "evidence" })).evidence!;

beforeAll(async () => {
  folder = mkdtempSync("/tmp/ek-vf-");
  chmodSync(folder, 0o755);
  layout = homeLayout(folder);
  keeper = newKeeper();
  keeper.open();
  await ask({ type: "ensure", appId: "one", ...shop });
  const { variables } = await ask({ type: "credentials", ...shop });
  await withSession(variables!["DATABASE_URL"]!, (client: Client) =>
    client.query(
      "CREATE TABLE orders AS SELECT g AS id, md5(g::text) AS note FROM generate_series(1, 500) g",
    ),
  );
}, limitMs);
afterAll(async () => {
  await keeper.release();
  await stopDatabases(layout);
  rmSync(folder, { recursive: true, force: true });
}, limitMs);

function place() {
  const [record] = readRecords(layout);
  const at = databasePlace(layout, record!);
  const archive = databaseArchive(
    readArchivePlace(layout),
    record!,
    databaseKeys(layout, record!.id).archive,
  );
  return { ...at, archive, log: EvidenceLog.of(layout, record!.id, archive), id: record!.id };
}

test(
  "a sound archive passes, and says so here, in the archive and in the list",
  async () => {
    const passed = await verify();
    expect(passed).toMatchObject({
      ...shop,
      verdict: "passed",
      trigger: "manual",
      failures: [],
      tables: 1,
      rows: 500,
    });
    expect(passed.rtoMs).toBeGreaterThan(0);
    expect(passed.rpoMs).toBeGreaterThanOrEqual(0);
    expect(passed.restoredBytes).toBeGreaterThan(1_000_000);
    expect(await evidence()).toEqual([passed]);
    const { archive, log, id } = place();
    expect(await archive.readJson<typeof passed>(`evidence/${passed.id}`)).toEqual(passed);
    expect(await archive.list("oracles/")).toEqual([]);
    expect(readdirSync(join(layout.postgres, "verify"))).toEqual([]);
    expect((await ask({ type: "list" })).databases![0]!.verification).toMatchObject({
      id: passed.id,
      verdict: "passed",
    });
    // A machine that has only the archive gets it from there.
    rmSync(join(layout.postgres, "evidence", id), { recursive: true });
    await log.synchronise();
    expect(log.list()).toEqual([passed]);
  },
  limitMs,
);

test(
  "a damaged object of the archive fails it by name",
  async () => {
    const chunks = join(layout.backups, "shop/production", place().id, "chunks");
    const [name] = (readdirSync(chunks, { recursive: true }) as string[]).filter((path) =>
      path.includes("/"),
    );
    const path = join(chunks, name!);
    const sound = readFileSync(path);
    const damaged = Buffer.from(sound);
    damaged[damaged.length >> 1]! ^= 1;
    writeFileSync(path, damaged);
    const failed = await verify();
    expect(failed).toMatchObject({ verdict: "failed", failures: [{ code: "archive_object_damaged" }] });
    expect(failed.failures[0]!.message).toContain(`chunks/${name}`);
    expect((await evidence()).at(-1)).toEqual(failed);
    writeFileSync(path, sound);
    expect((await verify()).verdict).toBe("passed");
  },
  limitMs,
);

test(
  "a look for damage in the serving database finds a flipped bit, leaves nothing behind, and sizes are told",
  async () => {
    const check = async () => (await ask({ type: "check", ...shop })).check!;
    const sound = await check();
    expect(sound).toMatchObject({ ...shop, verdict: "passed", failures: [] });
    expect(sound.pages).toBeGreaterThan(1_000);
    expect(sound.indexes).toBeGreaterThan(100);
    const { variables } = await ask({ type: "credentials", ...shop });
    const query = (text: string) =>
      withSession(variables!["DATABASE_URL"]!, async (client: Client) => (await client.query(text)).rows);
    expect(await query("SELECT FROM pg_extension WHERE extname = 'amcheck'")).toEqual([]);
    const { size } = await ask({ type: "size", ...shop });
    expect(size).toMatchObject({
      ...shop,
      branches: [],
      relations: [{ name: "public.orders", kind: "table" }],
    });
    for (const bytes of [size!.dataBytes, size!.walBytes, size!.archive.backupBytes, size!.archive.walBytes])
      expect(bytes).toBeGreaterThan(1_000);

    // In a table of its own, which no later test restores.
    await query("CREATE TABLE fragile AS SELECT 1 AS one");
    const [{ path }] = await query("SELECT pg_relation_filepath('fragile') AS path");
    // As the server brings it to disk when it is stopped.
    const { dataDir } = place();
    await withSession(
      { host: layout.databaseServerSockets, port: readRecords(layout)[0]!.port, user: "postgres" },
      (client) => client.query("CHECKPOINT"),
    );
    const file = join(dataDir, path);
    const content = readFileSync(file);
    const damaged = Buffer.from(content);
    damaged[8_000]! ^= 1;
    writeFileSync(file, damaged);
    expect(await check()).toMatchObject({
      verdict: "failed",
      failures: [{ code: "data_checksum_failure", message: `${path} block 0` }],
    });
    writeFileSync(file, content);
    expect((await check()).verdict).toBe("passed");
    const rows = (await evidence()).filter(({ kind }) => kind === "check");
    expect(rows.map(({ verdict }) => verdict)).toEqual(["passed", "failed", "passed"]);
    expect(rows[1]!.failures).toMatchObject([{ code: "data_checksum_failure" }]);
    expect(rows[0]).toMatchObject({ ...shop, pages: sound.pages, indexes: sound.indexes });
    // Nothing was restored by it.
    expect(place().log.newest()?.kind).toBeUndefined();
    await query("DROP TABLE fragile");
  },
  limitMs,
);

test(
  "one that a crash interrupted has failed, and its throw-away cluster is gone",
  async () => {
    const { log } = place();
    const [known] = log.list();
    await keeper.release();
    log.write({ ...known!, id: "interrupted", startedMs: Date.now(), verdict: "running" });
    mkdirSync(join(layout.postgres, "verify/verify-half/base"), { recursive: true });
    keeper = newKeeper();
    keeper.open();
    expect((await evidence()).find(({ id }) => id === "interrupted")).toMatchObject({
      verdict: "failed",
      failures: [{ code: "verification_interrupted" }],
    });
    await until("what it left is gone", () => !existsSync(join(layout.postgres, "verify/verify-half")));
    await until("the archive knows", async () => {
      const kept = await place()
        .archive.readJson<{ verdict: string }>("evidence/interrupted")
        .catch(() => undefined);
      return kept?.verdict === "failed";
    });
  },
  limitMs,
);

test(
  "one that is due begins by itself",
  async () => {
    const staging: AppEnvironment = { ...shop, environment: "staging" };
    await ask({ type: "ensure", appId: "one", ...staging });
    await keeper.release();
    const record = readRecords(layout).find(({ environment }) => environment === "staging")!;
    writeRecord(layout, { ...record, createdAtMs: 0 });
    keeper = newKeeper({ verificationLookMs: 50 });
    keeper.open();
    const ofStaging = async () => (await evidence()).filter(({ environment }) => environment === "staging");
    await until("it has passed", async () => (await ofStaging())[0]?.verdict === "passed", 60_000);
    expect(await ofStaging()).toMatchObject([{ trigger: "scheduled" }]);
  },
  limitMs,
);
