import { afterEach, beforeEach, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { ArchivedCluster } from "../testing/archived-cluster.ts";
import { S3Server } from "../testing/s3-server.ts";
import { until } from "../testing/until.ts";
import { walSegmentBytes } from "../wal/lsn.ts";
import { openTarget } from "./open-target.ts";

const limitMs = 120_000;
const spoolLimitBytes = 2 * walSegmentBytes;
let server: S3Server;
let cluster: ArchivedCluster;
beforeEach(async () => {
  server = new S3Server();
  cluster = await ArchivedCluster.start(
    {},
    { spoolLimitBytes },
    openTarget(server.spec("shop/production/1")),
  );
  await cluster.query("CREATE TABLE rows (id int)");
}, limitMs);
afterEach(async () => {
  server.fault = undefined;
  await cluster.stop();
  await server.stop();
}, limitMs);

const kinds = () => cluster.events.map(({ kind }) => kind);
const insert = (id: number) => cluster.query("INSERT INTO rows VALUES ($1)", [id]);

/** So much WAL that a segment is complete. */
const switchSegment = (id: number) => insert(id).then(() => cluster.query("SELECT pg_switch_wal()"));

test(
  "a cluster is archived into a bucket, backed up and restored from it",
  async () => {
    await insert(1);
    await cluster.backup();
    await switchSegment(2);
    await insert(3);
    await cluster.archiver.flush();
    expect([...server.objects.keys()].every((key) => key.startsWith("shop/production/1/"))).toBe(true);
    expect(
      await cluster.restoreAndAsk("latest", "SELECT array_agg(id ORDER BY id) AS ids FROM rows"),
    ).toEqual([{ ids: [1, 2, 3] }]);
  },
  limitMs,
);

test(
  "a full bucket is told at once and the app goes on, on bounded disk; when there is room again nothing is missing",
  async () => {
    await cluster.backup();
    server.fault = (method) =>
      method === "PUT" ? { kind: "status", status: 403, code: "QuotaExceeded" } : undefined;
    await insert(0);
    await until("the failure is told", () => kinds().includes("archive_failing"));
    expect(cluster.archiver.status().archiveFailing).toMatchObject({ hint: expect.stringContaining("full") });
    const rows = 8;
    for (let id = 1; id < rows; id++) await switchSegment(id);
    await until("the spool is full", () => kinds().includes("spool_full"));
    const spooled = readdirSync(join(cluster.folder, "spool")).filter((name) => /^[0-9A-F]{24}$/.test(name));
    expect(spooled.length).toBeLessThan(rows);
    server.fault = undefined;
    await until("the archive is well again", () => kinds().includes("archive_recovered"));
    await cluster.archiver.flush();
    expect(cluster.archiver.status()).toMatchObject({ archiveFailing: undefined, gap: undefined });
    expect(await cluster.restoreAndAsk("latest", "SELECT count(*)::int AS count FROM rows")).toEqual([
      { count: rows },
    ]);
  },
  limitMs,
);
