import { afterAll, beforeAll, expect, test } from "bun:test";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Client } from "pg";
import { Archive } from "../archive/archive.ts";
import { ArchiveKey } from "../archive/archive-key.ts";
import { ArchivedCluster } from "../testing/archived-cluster.ts";
import { takeOracle } from "./oracle.ts";
import { verifyArchive } from "./verify-archive.ts";

const limitMs = 180_000;
let cluster: ArchivedCluster;
beforeAll(async () => {
  cluster = await ArchivedCluster.start();
  await cluster.query("CREATE TABLE orders (id int PRIMARY KEY, note text)");
  await cluster.query("INSERT INTO orders SELECT g, md5(g::text) FROM generate_series(1, 2000) g");
  await cluster.query("CREATE UNLOGGED TABLE scratch AS SELECT 1 AS one");
  // A type without a binary form.
  await cluster.query("CREATE TABLE rights AS SELECT makeaclitem(10, 10, 'SELECT', false) AS granted");
  await cluster.backup();
}, limitMs);
afterAll(() => cluster.stop(), limitMs);

const verify = (oracleId: string, archive = cluster.archive) =>
  verifyArchive({ archive, oracleId, workDir: cluster.folder });

async function newOracle(): Promise<string> {
  const { id } = await takeOracle(cluster.server.connectionOptions(), cluster.archive);
  await cluster.archiver.flush();
  return id;
}

test(
  "an archive that restores passes, although writers went on while the rows were counted",
  async () => {
    let writing = true;
    const writer = (async () => {
      const client = new Client(cluster.server.connectionOptions());
      await client.connect();
      for (let id = 10_000; writing; id++) {
        await client.query("INSERT INTO orders VALUES ($1, 'written beside')", [id]);
        await client.query("DELETE FROM orders WHERE id = $1", [id - 5]);
      }
      await client.end();
    })();
    const oracle = await newOracle();
    writing = false;
    await writer;
    const evidence = await verify(oracle);
    expect(evidence.failures).toEqual([]);
    expect(evidence).toMatchObject({ verdict: "passed", oracleId: oracle, tables: 2 });
    expect(evidence.rows).toBeGreaterThanOrEqual(2_000);
    expect(evidence.indexes).toBeGreaterThan(100);
    expect(evidence.pages).toBeGreaterThan(1_000);
    expect(evidence.rtoMs).toBeGreaterThan(0);
    expect(evidence.rpoMs).toBeGreaterThanOrEqual(0);
    expect(readdirSync(cluster.folder).filter((name) => name.startsWith("verify-"))).toEqual([]);
  },
  limitMs,
);

test(
  "rows that differ, even by one letter, fail it",
  async () => {
    const id = await newOracle();
    const oracle = await cluster.archive.readJson<{
      databases: { tables: { rows: number; hash: string }[] }[];
    }>(`oracles/${id}`);
    const tables = oracle.databases.find((database) => database.tables.length > 0)!.tables;
    tables[0]!.hash = "1";
    await cluster.archive.replace(`oracles/${id}`, Buffer.from(JSON.stringify(oracle)));
    expect(await verify(id)).toMatchObject({
      verdict: "failed",
      failures: [{ step: "comparing rows", message: expect.stringContaining("public.orders") }],
    });
  },
  limitMs,
);

test(
  "an archive that cannot be restored, and a check that cannot run, fail with the reason",
  async () => {
    const id = await newOracle();
    const chunks = await cluster.archive.list("chunks/");
    const path = join(cluster.archive.target.description, chunks[0]!.key);
    const original = readFileSync(path);
    writeFileSync(path, original.subarray(0, 100));
    expect(await verify(id)).toMatchObject({
      verdict: "failed",
      failures: [{ step: "restoring", code: "archive_object_damaged" }],
    });
    writeFileSync(path, original);
    expect(await verify("never-taken")).toMatchObject({
      verdict: "failed",
      failures: [{ step: "reading the archive", code: "archive_object_missing" }],
    });
    expect(await verify(id, new Archive(cluster.archive.target, ArchiveKey.generate()))).toMatchObject({
      verdict: "failed",
      failures: [{ code: "archive_key_wrong" }],
    });
  },
  limitMs,
);

test(
  "a writer that never ends its transaction prevents the oracle, not the app",
  async () => {
    const client = new Client(cluster.server.connectionOptions());
    await client.connect();
    await client.query("BEGIN; INSERT INTO orders VALUES (-1, 'open')");
    const taken = takeOracle(cluster.server.connectionOptions(), cluster.archive, {
      attempts: 2,
      lockTimeoutMs: 50,
    });
    await expect(taken).rejects.toMatchObject({ code: "oracle_unavailable" });
    await client.query("INSERT INTO orders VALUES (-2, 'goes on'); ROLLBACK");
    await client.end();
  },
  limitMs,
);
