import { chmodSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import {
  type DatabaseFailover,
  type DatabasesReply,
  type DatabasesRequest,
  type HomeLayout,
  homeLayout,
  randomId,
} from "@evenkeel/model";
import { Client } from "pg";
import { withSession } from "../client/session.ts";
import { DrillFailedError } from "../errors.ts";
import type { AppDatabase } from "../keeper/app-database.ts";
import { databasePlace } from "../keeper/database-place.ts";
import { type DatabaseRecord, readRecords, writeRecord } from "../keeper/database-record.ts";
import { stopDatabases } from "../keeper/stop-databases.ts";
import { restoreCluster } from "../restore/restore-cluster.ts";
import { requireFreeSpace } from "../server/free-space.ts";
import { killPostmaster } from "../server/kill-server.ts";
import { readPostmasterFile } from "../server/postmaster-file.ts";
import { runLink } from "./drill-folder.ts";
import type { Rehearsal } from "./rehearsal.ts";

/** What a drill needs of the keeper of its copy. */
export interface KeeperOfCopy {
  open(): void;
  release(): Promise<void>;
  allotPort(): number;
  answer(request: DatabasesRequest, onProgress: () => void): Promise<DatabasesReply>;
}

const firstRows = 200;
const backLimitMs = 120_000;

/**
 * A copy of the database gets a keeper and a standby of its own, and loses its primary under a writer: all its processes and its data directory at once. The
 * standby has to take over by itself. Synchronous as the real standby is; where there is none, a rehearsal of a synchronous one.
 */
export async function drillRegion(
  rehearsal: Rehearsal,
  database: AppDatabase,
  folder: string,
  newKeeper: (layout: HomeLayout, database: AppDatabase) => KeeperOfCopy,
): Promise<void> {
  // Paths of sockets have few bytes.
  const run = mkdtempSync("/tmp/ek-drill-");
  chmodSync(run, 0o755);
  // So that it goes with the folder, also after a crash.
  symlinkSync(run, join(folder, runLink));
  const layout = homeLayout(join(folder, "home"), run);
  const { app, environment, appId, standby } = database.record;
  const keeper = newKeeper(layout, database);
  const ask = (request: DatabasesRequest): Promise<DatabasesReply> => keeper.answer(request, () => {});
  const name = { app, environment };
  try {
    const place = await rehearsal.step("Copying the database", async () => {
      requireFreeSpace(folder, 3 * database.dataBytes(), "A drill");
      const record: DatabaseRecord = {
        ...{ formatVersion: 1, id: randomId(10), ...name, appId },
        port: keeper.allotPort(),
        createdAtMs: Date.now(),
      };
      await database.whileServing(() => database.flush());
      writeRecord(layout, record);
      const copy = databasePlace(layout, record);
      await restoreCluster({ archive: database.archive, target: { kind: "latest" }, dataDir: copy.dataDir });
      return copy;
    });
    const sync = standby?.sync ?? true;
    await rehearsal.step(
      "Starting the copy and its standby",
      async () => {
        keeper.open();
        await ask({ type: "setTerms", terms: { failoverChecks: 3, upkeep: [] }, ...name });
        await ask({ type: "addStandby", sync, ...name });
      },
      () => (sync ? "commits wait for the standby" : "commits do not wait for the standby"),
    );
    const { variables } = await ask({ type: "credentials", ...name });
    const address = variables!["DATABASE_URL"]!;
    const table = `evenkeel_drill_${randomId(6)}`;
    const writer = await rehearsal.step("Writing", async () => {
      await withSession(address, (client) => client.query(`CREATE TABLE ${table} (id int PRIMARY KEY)`));
      const started = startWriter(address, table);
      await started.reaches(firstRows, backLimitMs);
      return started;
    });
    try {
      const lostAtMs = await rehearsal.step("Losing the primary and its data", async () => {
        const nowMs = Date.now();
        const server = readPostmasterFile(place.dataDir)!;
        await killPostmaster(server.pid);
        rmSync(place.dataDir, { recursive: true, force: true });
        return nowMs;
      });
      await rehearsal.step(
        "Waiting until writes are accepted again",
        async () => {
          const backMs = await writer.after(lostAtMs, backLimitMs);
          rehearsal.findings.rtoMs = backMs - lostAtMs;
          return backMs;
        },
        (backMs) => `after ${((backMs - lostAtMs) / 1_000).toFixed(1)} s, by itself`,
      );
      await writer.end();
      await rehearsal.step(
        "Comparing with what was acknowledged",
        async () => {
          const { rows } = await withSession(address, (client) => client.query(`SELECT id FROM ${table}`));
          const kept = new Set(rows.map(({ id }) => id as number));
          const lost = writer.acknowledged.filter(({ id }) => !kept.has(id));
          const before = writer.acknowledged.filter(({ id, atMs }) => kept.has(id) && atMs < lostAtMs);
          const newestKeptMs = Math.max(...before.map(({ atMs }) => atMs));
          rehearsal.findings.rpoMs =
            lost.length === 0 ? 0 : Math.max(...lost.map(({ atMs }) => atMs)) - newestKeptMs;
          if (sync && lost.length > 0)
            throw new DrillFailedError(
              `${lost.length} acknowledged commits are gone although commits waited for the standby`,
            );
          return { lost: lost.length, all: writer.acknowledged.length };
        },
        ({ lost, all }) => `${lost} of ${all} acknowledged commits lost`,
      );
      const { failovers } = await ask({ type: "failovers" });
      const done = failovers!.find(({ state }: DatabaseFailover) => state === "done");
      if (done?.trigger !== "automatic")
        throw new DrillFailedError("The standby did not take over by itself");
    } finally {
      await writer.end();
    }
  } finally {
    await keeper.release().catch(() => {});
    if (readRecords(layout).length > 0) await stopDatabases(layout).catch(() => {});
    rmSync(run, { recursive: true, force: true });
  }
}

interface Acknowledged {
  id: number;
  atMs: number;
}

/** Commits a row after the other from outside, as an app does: over a connection that it makes anew when it breaks. */
function startWriter(connectionString: string, table: string) {
  const acknowledged: Acknowledged[] = [];
  let writing = true;
  const writer = (async () => {
    for (let id = 0; writing; ) {
      const client = new Client({ connectionString, connectionTimeoutMillis: 1_000, query_timeout: 30_000 });
      client.on("error", () => {});
      try {
        await client.connect();
        while (writing) {
          await client.query(`INSERT INTO ${table} VALUES ($1)`, [id]);
          acknowledged.push({ id, atMs: Date.now() });
          id++;
        }
      } catch {
        // It may have been committed all the same.
        id++;
        await Bun.sleep(20);
      } finally {
        void client.end().catch(() => {});
      }
    }
  })();
  const until = async <Found>(look: () => Found | undefined, limitMs: number): Promise<Found> => {
    for (const deadline = Date.now() + limitMs; ; await Bun.sleep(10)) {
      const found = look();
      if (found !== undefined) return found;
      if (Date.now() > deadline) throw new DrillFailedError(`No write was accepted for ${limitMs / 1_000} s`);
    }
  };
  return {
    acknowledged,
    reaches: (count: number, limitMs: number) =>
      until(() => (acknowledged.length >= count ? true : undefined), limitMs),
    /** When the first write after `atMs` was accepted. */
    after: (atMs: number, limitMs: number) =>
      until(() => acknowledged.find((one) => one.atMs > atMs + 50)?.atMs, limitMs),
    async end() {
      writing = false;
      await writer;
    },
  };
}
