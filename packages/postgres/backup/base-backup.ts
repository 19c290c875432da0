import { randomId } from "@evenkeel/model";
import type { Client, ClientConfig } from "pg";
import type { Archive } from "../archive/archive.ts";
import { readWalInventory, walCoverage } from "../archive/wal-inventory.ts";
import { withSession } from "../client/session.ts";
import {
  ArchiveOwnerError,
  BackupIncompleteError,
  ChecksumFailureError,
  TablespacesUnsupportedError,
} from "../errors.ts";
import { withFolderLock } from "../server/folder-lock.ts";
import { type Lsn, parseLsn } from "../wal/lsn.ts";
import {
  type BackupManifest,
  type BackupSummary,
  type ManifestFile,
  readBackups,
  type Slice,
  summaryOf,
  writeManifest,
} from "./backup-manifest.ts";
import { type FilePlan, fileEntry, planFiles } from "./backup-plan.ts";
import { readBlockChanges } from "./block-changes.ts";
import { planChunks } from "./chunk-plan.ts";
import { ChunkWorkers } from "./chunk-workers.ts";
import type { StoredChunk } from "./chunk-writer.ts";
import { readControlFile, systemIdOf } from "./control-file.ts";
import { listDataFiles } from "./data-files.ts";

export interface BackupRequest {
  dataDir: string;
  /** The superuser's. */
  connection: ClientConfig;
  archive: Archive;
  /** Must be streaming: the backup is complete when the WAL it needs is in the archive. */
  archiver: {
    flush(): Promise<unknown>;
    shippedTo(position: Lsn): Promise<unknown>;
    baseBackupTaken(start: Lsn): void;
  };
  /** On this machine; one backup or expiry of an archive at a time. The archiver's spool serves well. */
  lockDir: string;
  /** Which clause asked for it: `daily`, `weekly`, `manual`, `migration`. */
  label: string;
  /** Store only pages that changed since the newest backup, where WAL summaries tell them. Default false. */
  incremental?: boolean;
  /** Threads; default one a core, at most four. */
  workers?: number;
  onProgress?: (doneBytes: number, totalBytes: number) => void;
}

/**
 * Takes an online base backup by PostgreSQL's low-level interface: `pg_backup_start`, copy, `pg_backup_stop`.
 * https://www.postgresql.org/docs/18/continuous-archiving.html#BACKUP-LOWLEVEL-BASE-BACKUP
 *
 * Every page's checksum is verified on the way. Content goes into chunks that earlier backups may have stored already, which is also how
 * an interrupted backup is resumed. The manifest is written last, when chunks are durable and the WAL up to the end is archived:
 * what a crash leaves is no backup, and the next expiry removes it.
 *
 * @throws ChecksumFailureError naming damaged pages. @throws ArchiveOwnerError @throws TablespacesUnsupportedError
 * @throws BackupIncompleteError when WAL that it needs is missing in the archive.
 */
export function takeBaseBackup(request: BackupRequest): Promise<BackupSummary> {
  return withFolderLock(request.lockDir, async () => {
    // Before the work, and before the backup's begin: an archive that is away, or still without anything.
    await request.archiver.flush();
    const owner = await request.archive.owner();
    const systemId = systemIdOf(readControlFile(request.dataDir));
    if (owner !== systemId) {
      throw new ArchiveOwnerError(
        `The archive ${request.archive.target.description} belongs to cluster ${owner}; ${request.dataDir} is ${systemId}`,
        { hint: "Give each cluster an archive folder of its own." },
      );
    }
    const previous = request.incremental ? (await readBackups(request.archive)).backups.at(-1) : undefined;
    const workers = await ChunkWorkers.open(request.archive, request.workers);
    try {
      const session = { ...request.connection, application_name: "evenkeel_backup" };
      return await withSession(session, (client) => backUp(client, request, systemId, workers, previous));
    } finally {
      workers.close();
    }
  });
}

async function backUp(
  client: Client,
  request: BackupRequest,
  systemId: string,
  workers: ChunkWorkers,
  previous: BackupManifest | undefined,
): Promise<BackupSummary> {
  await refuseTablespaces(client);
  const id = `${new Date().toISOString().replaceAll(/[-:]|\..*/g, "")}-${randomId(6)}`;
  const begin = await start(client, id);
  const basis = previous?.timeline === begin.timeline ? previous : undefined;
  const changes =
    basis && (await readBlockChanges(client, begin.timeline, parseLsn(basis.startLsn), begin.lsn));
  const { folders, files } = listDataFiles(request.dataDir);
  const plans = planFiles(files, basis, changes);
  const content = await storeContent(request, plans, begin, workers);
  const end = await stop(client);
  await request.archive.target.flush();
  await requireWal(request, begin, parseLsn(end.lsn));
  const { chunks, entries } = assemble(plans, content, basis);
  const manifest: BackupManifest = {
    formatVersion: 1,
    id,
    label: request.label,
    kind: changes ? "incremental" : "full",
    ...(changes && basis ? { basedOn: basis.id } : {}),
    systemId,
    serverVersion: begin.serverVersion,
    timeline: begin.timeline,
    startLsn: begin.lsnText,
    stopLsn: end.lsn,
    startedMs: begin.timeMs,
    stoppedMs: end.timeMs,
    nextTransaction: end.nextTransaction,
    backupLabel: end.label,
    dataBytes: files.reduce((sum, file) => sum + file.sizeBytes, 0),
    storedBytes: content.stored.reduce((sum, chunk) => sum + chunk.storedBytes, 0),
    folders,
    files: entries,
    chunks,
  };
  await writeManifest(request.archive, manifest);
  request.archiver.baseBackupTaken(begin.lsn);
  return summaryOf(manifest);
}

async function refuseTablespaces(client: Client): Promise<void> {
  const { rows } = await client.query("SELECT spcname FROM pg_tablespace WHERE oid NOT IN (1663, 1664)");
  if (rows.length === 0) return;
  throw new TablespacesUnsupportedError(`The cluster has the tablespace ${rows[0].spcname}`, {
    hint: "Move its tables back (ALTER TABLE ... SET TABLESPACE pg_default) and drop it: backups hold the data directory alone.",
  });
}

interface Begin {
  lsn: Lsn;
  lsnText: string;
  timeline: number;
  timeMs: number;
  serverVersion: number;
  checksums: boolean;
}

async function start(client: Client, id: string): Promise<Begin> {
  const { rows } = await client.query(
    `SELECT pg_backup_start($1, fast => true) AS lsn,
            floor(extract(epoch FROM clock_timestamp()) * 1000) AS ms,
            current_setting('server_version_num')::int AS version, current_setting('data_checksums') AS checksums`,
    [`evenkeel ${id}`],
  );
  const { rows: control } = await client.query("SELECT timeline_id FROM pg_control_checkpoint()");
  return {
    lsn: parseLsn(rows[0].lsn),
    lsnText: rows[0].lsn,
    timeline: control[0].timeline_id,
    timeMs: Number(rows[0].ms),
    serverVersion: rows[0].version,
    checksums: rows[0].checksums === "on",
  };
}

async function stop(client: Client) {
  // We wait for the archive ourselves: the server's own waiting knows only archive_command.
  const { rows } = await client.query(
    `SELECT lsn, labelfile AS label, floor(extract(epoch FROM clock_timestamp()) * 1000) AS ms,
            pg_snapshot_xmax(pg_current_snapshot())::text AS next
     FROM pg_backup_stop(wait_for_archive => false)`,
  );
  const { lsn, label, ms, next } = rows[0] as Record<string, string>;
  return { lsn: lsn!, label: label!, timeMs: Number(ms), nextTransaction: next! };
}

interface StoredContent {
  stored: StoredChunk[];
  /** By file: slices with chunk numbers of `stored`. */
  slices: Slice[][];
  missing: Set<number>;
}

async function storeContent(
  request: BackupRequest,
  plans: FilePlan[],
  begin: Begin,
  workers: ChunkWorkers,
): Promise<StoredContent> {
  const plan = planChunks(plans.map(({ content }) => content));
  const totalBytes = plan.chunks.flat().reduce((sum, source) => sum + source.bytes, 0);
  const stored: StoredChunk[] = new Array(plan.chunks.length);
  const missing = new Set<number>();
  const damaged: string[] = [];
  let doneBytes = 0;
  await workers.forEach(plan.chunks, async (sources, index) => {
    const chunk = await workers.store({
      dataDir: request.dataDir,
      sources: sources.map(({ file, offset, bytes }) => ({ path: plans[file]!.file.path, offset, bytes })),
      startLsn: begin.lsn.toString(),
      verifyChecksums: begin.checksums,
    });
    stored[index] = chunk;
    for (const source of chunk.missing) missing.add(sources[source]!.file);
    damaged.push(...chunk.damaged);
    doneBytes += sources.reduce((sum, source) => sum + source.bytes, 0);
    request.onProgress?.(doneBytes, totalBytes);
  });
  if (damaged.length > 0) {
    const shown = damaged.slice(0, 5).join(", ");
    throw new ChecksumFailureError(
      `${damaged.length} pages of ${request.dataDir} have a wrong checksum: ${shown}${damaged.length > 5 ? ", ..." : ""}`,
      { hint: "The disk lost or changed data. Restore to the newest point, and replace the disk." },
    );
  }
  return { stored, slices: plan.slices, missing };
}

/** The manifest's own numbering: each chunk once, earlier backups' among them. */
function assemble(plans: FilePlan[], content: StoredContent, basis: BackupManifest | undefined) {
  const numbers = new Map<string, number>();
  const numberOf = (name: string): number => {
    if (!numbers.has(name)) numbers.set(name, numbers.size);
    return numbers.get(name)!;
  };
  const entries: ManifestFile[] = [];
  plans.forEach((plan, index) => {
    if (content.missing.has(index)) return;
    const stored = content.slices[index]!.map(
      ([chunk, offset, bytes]): Slice => [numberOf(content.stored[chunk]!.name), offset, bytes],
    );
    entries.push(fileEntry(plan, stored, (chunk) => numberOf(basis!.chunks[chunk]!)));
  });
  return { entries, chunks: [...numbers.keys()] };
}

async function requireWal({ archive, archiver }: BackupRequest, begin: Begin, stopLsn: Lsn): Promise<void> {
  await archiver.shippedTo(stopLsn);
  const coverage = walCoverage(await readWalInventory(archive), begin.timeline, begin.lsn);
  if (coverage.end >= stopLsn) return;
  throw new BackupIncompleteError(
    `WAL between the backup's begin ${begin.lsnText} and its end is missing in ${archive.target.description}`,
    { hint: "Start the archiver before the backup; the next backup will be whole." },
  );
}
