import {
  type DatabaseBackup,
  type DatabaseProgress,
  type DatabaseReport,
  type DatabaseRestored,
  errorJson,
} from "@evenkeel/model";
import { AppCluster } from "../app-cluster/app-cluster.ts";
import type { Archive } from "../archive/archive.ts";
import { WalArchiver } from "../archive/wal-archiver.ts";
import { type BackupSummary, readBackups } from "../backup/backup-manifest.ts";
import { lastDueMs, parseBackupClause } from "../backup/backup-schedule.ts";
import { takeBaseBackup } from "../backup/base-backup.ts";
import { expireBackups } from "../backup/expire.ts";
import { directorySize } from "../branch/directory-size.ts";
import { waitAtMost } from "../client/waiting.ts";
import { parseRecoveryTarget } from "../restore/recovery-target.ts";
import type { ServerSettings } from "../server/server-settings.ts";
import type { DatabasePlace } from "./database-place.ts";
import { type DatabaseRecord, removeFolder } from "./database-record.ts";
import { finishSwitch } from "./finish-switch.ts";
import { restoreInPlace } from "./restore-in-place.ts";

/** What every database is promised. */
const schedule = parseBackupClause("daily 02:00 UTC, 30 days");
const clauses = [schedule, parseBackupClause("continuous, 7 days")];
const label = "daily";

const scheduleEveryMs = 60_000;
const firstRetryMs = 500;
const longestRetryMs = 30_000;

export type OnProgress = (progress: DatabaseProgress) => void;

export interface AppDatabaseParts {
  record: DatabaseRecord;
  place: DatabasePlace;
  password: string;
  archive: Archive;
  /** Default the small ones of a machine with many clusters. */
  settings?: ServerSettings | undefined;
}

/**
 * One app environment's database while the keeper runs: its cluster, the archiver of its WAL and its schedule of backups. Starts,
 * backups, restores and the removal follow one another, never at once.
 */
export class AppDatabase {
  private readonly cluster: AppCluster;
  private archiver: WalArchiver | undefined;
  private turn: Promise<unknown> = Promise.resolve();
  private timer: ReturnType<typeof setInterval> | undefined;
  private backedUpMs: number | undefined;
  private running = false;
  private ended = false;
  private readonly ending = Promise.withResolvers<void>();

  constructor(private readonly parts: AppDatabaseParts) {
    const { record, place, password, settings } = parts;
    this.cluster = new AppCluster(
      {
        ...{
          name: this.name,
          dataDir: place.dataDir,
          socketDir: place.socketDir,
          port: record.port,
          password,
        },
        ...(settings ? { settings } : {}),
      },
      (event) => this.note(event.kind, "error" in event ? event.error : undefined),
    );
  }

  get record(): DatabaseRecord {
    return this.parts.record;
  }

  get name(): string {
    return `${this.record.app}/${this.record.environment}`;
  }

  /** Starts it and keeps at it until it runs or is ended. */
  async keep(): Promise<void> {
    for (let delayMs = firstRetryMs; !this.ended; delayMs = Math.min(longestRetryMs, delayMs * 2)) {
      try {
        await this.start();
        return await this.backUpWhenDue();
      } catch (error) {
        if (this.ended) return;
        this.note("start_failed", error);
        await waitAtMost(delayMs, this.ending.promise);
      }
    }
  }

  start(): Promise<void> {
    return this.inTurn(() => this.bringUp());
  }

  /** Running, and with a backup. */
  ensure(onProgress: OnProgress): Promise<void> {
    return this.inTurn(async () => {
      onProgress({ step: "Starting PostgreSQL" });
      await this.bringUp();
      if (await this.lastScheduled()) return;
      await this.takeBackup(label, onProgress);
    });
  }

  variables(): Record<string, string> {
    return this.cluster.environment();
  }

  backup(onProgress: OnProgress): Promise<DatabaseBackup> {
    return this.inTurn(async () => {
      await this.bringUp();
      return this.takeBackup("manual", onProgress);
    });
  }

  async backups(): Promise<DatabaseBackup[]> {
    return (await readBackups(this.parts.archive)).backups.map(backupView);
  }

  /** @throws RecoveryTargetError and what a restore throws; the database is then as it was. */
  restore(to: string, onProgress: OnProgress): Promise<DatabaseRestored> {
    const target = parseRecoveryTarget(to);
    return this.inTurn(async () => {
      await this.bringUp();
      onProgress({ step: "Archiving the newest WAL" });
      await this.archiver!.flush();
      const { place, archive } = this.parts;
      try {
        return await restoreInPlace({ place, archive, target }, () => this.bringDown(), onProgress);
      } finally {
        await this.bringUp();
        await this.archiver!.flush();
      }
    });
  }

  /** A last backup, then the end of the cluster and its data; the archive stays. @returns the backup's id */
  remove(onProgress: OnProgress): Promise<string> {
    return this.inTurn(async () => {
      await this.bringUp();
      const { id } = await this.takeBackup("final", onProgress);
      onProgress({ step: "Removing the database" });
      await this.bringDown();
      this.end();
      removeFolder(this.parts.place.folder);
      return id;
    });
  }

  /** Leaves the server running: it serves on, and the next keeper adopts it. */
  async release(): Promise<void> {
    this.end();
    await this.cluster.release();
    await this.archiver?.stop();
  }

  report(): DatabaseReport {
    const status = this.archiver?.status();
    const { app, environment, id, port, createdAtMs } = this.record;
    return {
      ...{ app, environment, id, port, createdAtMs },
      state: this.running ? "running" : "starting",
      sizeBytes: this.running ? directorySize(this.parts.place.dataDir) : 0,
      archive: this.parts.place.archiveDir,
      ...(status?.shipped ? { archivedToMs: status.shipped.timeMs } : {}),
      ...(status?.archiveFailing ? { archiveError: errorJson(status.archiveFailing) } : {}),
    };
  }

  private async bringUp(): Promise<void> {
    if (!this.running) finishSwitch(this.parts.place);
    const server = await this.cluster.start();
    this.running = true;
    this.archiver ??= this.startArchiver(server.connectionOptions());
    this.timer ??= setInterval(() => void this.backUpWhenDue(), scheduleEveryMs);
  }

  private startArchiver(connection: {
    host: string;
    port: number;
    user: string;
    database: string;
  }): WalArchiver {
    const archiver = new WalArchiver({
      connection: () => connection,
      archive: this.parts.archive,
      spoolDir: this.parts.place.spoolDir,
      onEvent: (event) => {
        this.note(event.kind, "error" in event ? event.error : undefined);
        // No recovery crosses it: points after it can be restored to from the next backup on.
        if (event.kind === "gap") void this.inTurn(() => this.takeBackup("gap", () => {})).catch(() => {});
      },
    });
    archiver.start();
    return archiver;
  }

  /** The server first: while it shuts down it sends the archiver all that was committed. */
  private async bringDown(): Promise<void> {
    await this.cluster.stop();
    this.running = false;
    await this.archiver?.stop();
    this.archiver = undefined;
  }

  private async takeBackup(reason: string, onProgress: OnProgress): Promise<DatabaseBackup> {
    const { place, archive } = this.parts;
    const server = await this.cluster.start();
    const summary = await takeBaseBackup({
      ...{
        dataDir: place.dataDir,
        connection: server.connectionOptions(),
        archive,
        archiver: this.archiver!,
      },
      ...{ lockDir: place.spoolDir, label: reason },
      onProgress: (doneBytes, totalBytes) =>
        onProgress({ step: "Taking a backup", fraction: totalBytes === 0 ? 1 : doneBytes / totalBytes }),
    });
    if (reason === label) this.backedUpMs = summary.startedMs;
    return backupView(summary);
  }

  /** When the newest backup of the schedule was begun. */
  private async lastScheduled(): Promise<number | undefined> {
    this.backedUpMs ??= (await readBackups(this.parts.archive)).backups.findLast(
      (backup) => backup.label === label,
    )?.startedMs;
    return this.backedUpMs;
  }

  private async backUpWhenDue(): Promise<void> {
    try {
      const last = await this.lastScheduled();
      if (this.ended || (last !== undefined && last >= lastDueMs(schedule, Date.now())!)) return;
      await this.inTurn(async () => {
        if (this.ended || this.backedUpMs !== last) return;
        await this.takeBackup(label, () => {});
        await expireBackups({ archive: this.parts.archive, clauses, lockDir: this.parts.place.spoolDir });
      });
    } catch (error) {
      this.note("scheduled_backup_failed", error);
    }
  }

  private end(): void {
    this.ended = true;
    clearInterval(this.timer);
    this.ending.resolve();
  }

  private inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.turn.then(work);
    this.turn = result.catch(() => {});
    return result;
  }

  private note(event: string, error: unknown): void {
    const reason = error === undefined ? "" : `: ${errorJson(error).message}`;
    console.log(`${new Date().toISOString()} ${this.name} ${event}${reason}`);
  }
}

const backupView = (summary: BackupSummary): DatabaseBackup => {
  const { id, kind, startedMs, stoppedMs, dataBytes, storedBytes } = summary;
  return { id, label: summary.label, kind, startedMs, stoppedMs, dataBytes, storedBytes };
};
