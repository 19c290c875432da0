import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ClientConfig } from "pg";
import type { Archive } from "../archive/archive.ts";
import { controlFilePath, readControlFile } from "../backup/control-file.ts";
import { listDataFiles } from "../backup/data-files.ts";
import { withSession } from "../client/session.ts";
import { BranchSourceError } from "../errors.ts";
import type { RecoveryTarget } from "../restore/recovery-target.ts";
import { readPostmasterFile } from "../server/postmaster-file.ts";
import {
  formatLsn,
  type Lsn,
  lsn,
  parseLsn,
  segmentName,
  segmentStart,
  walSegmentBytes,
} from "../wal/lsn.ts";
import { copyFiles } from "./copy-files.ts";

/** What a branch is made of. */
export type BranchSource =
  /** A cluster that serves: its present state. What else might end or replace it waits until `exclusively` is done. */
  | {
      kind: "running";
      dataDir: string;
      connection: ClientConfig;
      exclusively?: (copy: () => Promise<void>) => Promise<void>;
    }
  /** One that was shut down, such as the last verified restore: quickest where blocks can be shared. */
  | { kind: "stopped"; dataDir: string }
  /** Any point of an archive. */
  | { kind: "archive"; archive: Archive; target: RecoveryTarget };

/** Copies a stopped cluster; the copy needs no recovery. */
export async function copyStopped(dataDir: string, to: string): Promise<void> {
  if (readPostmasterFile(dataDir)) {
    throw new BranchSourceError(`A server runs in ${dataDir}, so it cannot be copied as it stands`, {
      hint: "Branch from the running server, or stop it.",
    });
  }
  const folders: string[] = [];
  const paths: string[] = [];
  const walk = (folder: string): void => {
    for (const entry of readdirSync(join(dataDir, folder), { withFileTypes: true })) {
      const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory()) {
        folders.push(path);
        // Slots are the source's: nobody would ever advance them here.
        if (path !== "pg_replslot") walk(path);
      } else if (entry.isFile() && path !== "server.log" && path !== "postmaster.opts") paths.push(path);
    }
  };
  walk("");
  await copyFiles(dataDir, to, folders, paths);
}

/**
 * Copies a running cluster within an online backup of its own, with the WAL that makes it whole; the copy recovers at its first start.
 * https://www.postgresql.org/docs/18/continuous-archiving.html#BACKUP-LOWLEVEL-BASE-BACKUP
 */
export async function copyRunning(
  { dataDir, connection }: { dataDir: string; connection: ClientConfig },
  to: string,
  onProgress: (fraction: number) => void,
): Promise<void> {
  await withSession({ ...connection, application_name: "evenkeel_branch" }, async (client) => {
    // Ends with the session, and keeps WAL until then.
    await client.query(
      "SELECT pg_create_physical_replication_slot('evenkeel_branch_' || pg_backend_pid(), true, true)",
    );
    const { rows: begun } = await client.query(
      "SELECT pg_backup_start('evenkeel branch', fast => true) AS lsn",
    );
    const { folders, files } = listDataFiles(dataDir);
    const sizes = new Map(files.map(({ path, sizeBytes }) => [path, sizeBytes]));
    sizes.delete(controlFilePath);
    const totalBytes = [...sizes.values()].reduce((sum, bytes) => sum + bytes, 0);
    let doneBytes = 0;
    await copyFiles(dataDir, to, folders, [...sizes.keys()], (path) => {
      doneBytes += sizes.get(path)!;
      onProgress(doneBytes / totalBytes);
    });
    writeFileSync(join(to, controlFilePath), readControlFile(dataDir), { mode: 0o600 });
    const { rows: ended } = await client.query(
      "SELECT lsn, labelfile FROM pg_backup_stop(wait_for_archive => false)",
    );
    const { rows: control } = await client.query("SELECT timeline_id FROM pg_control_checkpoint()");
    writeFileSync(join(to, "backup_label"), ended[0].labelfile, { mode: 0o600 });
    await copyWal(dataDir, to, control[0].timeline_id, parseLsn(begun[0].lsn), parseLsn(ended[0].lsn));
  });
}

async function copyWal(dataDir: string, to: string, timeline: number, from: Lsn, until: Lsn): Promise<void> {
  const segments: string[] = [];
  for (let start = segmentStart(from); start < until; start = lsn(start + BigInt(walSegmentBytes))) {
    segments.push(`pg_wal/${segmentName(timeline, start)}`);
  }
  const histories = readdirSync(join(dataDir, "pg_wal")).filter((name) => name.endsWith(".history"));
  await copyFiles(dataDir, to, [], [...segments, ...histories.map((name) => `pg_wal/${name}`)]);
  const copied = new Set(readdirSync(join(to, "pg_wal")));
  if (segments.every((path) => copied.has(path.slice("pg_wal/".length)))) return;
  throw new BranchSourceError(
    `WAL between ${formatLsn(from)} and ${formatLsn(until)} was removed while the branch was copied`,
    {
      hint: "The server writes more than it keeps; raise max_slot_wal_keep_size, or branch from the archive.",
    },
  );
}
