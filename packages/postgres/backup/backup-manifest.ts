import type { Archive } from "../archive/archive.ts";
import { ObjectDamagedError } from "../errors.ts";
import { parseLsn } from "../wal/lsn.ts";
import { type TimelineStretch, timelineAt } from "../wal/timeline-history.ts";

/** A stretch of a chunk: chunk's index in `chunks`, first byte in it, length. */
export type Slice = [chunk: number, offset: number, bytes: number];

/** Pages that replace the file's own, in the order of `blocks`. */
export interface Patch {
  blocks: number[];
  slices: Slice[];
}

export interface ManifestFile {
  path: string;
  sizeBytes: number;
  /** The content, in order. May be shorter than `sizeBytes` where a patch brings the rest. */
  slices: Slice[];
  /** Applied in order, each over the ones before. */
  patches?: Patch[];
}

/**
 * One base backup, complete in itself: an incremental one names the chunks of earlier ones for what has not changed. It is the last
 * object to be written, so a backup that was interrupted does not exist.
 */
export interface BackupManifest {
  formatVersion: 1;
  id: string;
  /** Which clause of the runbook asked for it: `daily`, `weekly`, `manual`, `migration`. */
  label: string;
  kind: "full" | "incremental";
  /** The backup that an incremental one begins from. */
  basedOn?: string;
  systemId: string;
  /** As `server_version_num`: `180004`. */
  serverVersion: number;
  timeline: number;
  /** Recovery begins here. */
  startLsn: string;
  /** Recovery must come at least here. */
  stopLsn: string;
  /** By the server's clock. */
  startedMs: number;
  stoppedMs: number;
  /** Every transaction from this number on was begun after the backup. */
  nextTransaction: string;
  backupLabel: string;
  dataBytes: number;
  /** New in the archive by this backup. */
  storedBytes: number;
  folders: string[];
  files: ManifestFile[];
  /** Names of chunks. */
  chunks: string[];
}

/** What lists show of it. */
export type BackupSummary = Omit<BackupManifest, "files" | "folders" | "chunks" | "backupLabel">;

export const chunkObject = (name: string): string => `chunks/${name.slice(0, 2)}/${name}`;

export const writeManifest = (archive: Archive, manifest: BackupManifest): Promise<void> =>
  archive.create(`backups/${manifest.id}`, Buffer.from(JSON.stringify(manifest)));

export const readManifest = (archive: Archive, id: string): Promise<BackupManifest> =>
  archive.readJson<BackupManifest>(`backups/${id}`);

/** Sound ones, oldest first, and the ids of those whose manifest is damaged. */
export async function readBackups(
  archive: Archive,
): Promise<{ backups: BackupManifest[]; damaged: string[] }> {
  const backups: BackupManifest[] = [];
  const damaged: string[] = [];
  for (const { key } of await archive.list("backups/")) {
    try {
      backups.push(await archive.readJson<BackupManifest>(key));
    } catch (error) {
      if (!(error instanceof ObjectDamagedError)) throw error;
      damaged.push(key.slice("backups/".length));
    }
  }
  return { backups: backups.sort((a, b) => a.stoppedMs - b.stoppedMs), damaged };
}

/** Whether a timeline's way leads through the whole of a backup, so that recovery from it can come to the timeline. */
export function liesOnWay(
  history: TimelineStretch[],
  backup: Pick<BackupManifest, "timeline" | "startLsn" | "stopLsn">,
): boolean {
  const stretch = history.find((candidate) => candidate.timeline === backup.timeline);
  if (!stretch || (stretch.end !== undefined && parseLsn(backup.stopLsn) > stretch.end)) return false;
  return timelineAt(history, parseLsn(backup.startLsn)) === backup.timeline;
}

export function summaryOf(manifest: BackupManifest): BackupSummary {
  const { files: _, folders: __, chunks: ___, backupLabel: ____, ...summary } = manifest;
  return summary;
}
