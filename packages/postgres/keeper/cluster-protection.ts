import { type DatabaseBackup, type DatabaseProgress, type ErrorJson, errorJson } from "@evenkeel/model";
import type { ClientConfig } from "pg";
import type { Archive } from "../archive/archive.ts";
import { WalArchiver } from "../archive/wal-archiver.ts";
import { archiveSlot } from "../archive/wal-receiver.ts";
import { type BackupSummary, readBackups } from "../backup/backup-manifest.ts";
import { type BackupClause, dueClause } from "../backup/backup-schedule.ts";
import { takeBaseBackup } from "../backup/base-backup.ts";
import { expireBackups } from "../backup/expire.ts";
import { withSession } from "../client/session.ts";
import { waitAtMost } from "../client/waiting.ts";
import { ArchiveBehindError } from "../errors.ts";
import type { MeasuredProtection } from "./measure/database-measures.ts";

const lookEveryMs = 60_000;
const firstRetryMs = 1_000;
/** WAL goes to the archive every two seconds, and an idle cluster says once a minute that nothing came: beyond this something is wrong. */
const behindLimitMs = 3 * 60_000;

export type OnProgress = (progress: DatabaseProgress) => void;

export interface ProtectionParts {
  /** Another one after a failover. */
  dataDir: () => string;
  spoolDir: string;
  archive: Archive;
  /** What is promised now. */
  terms: () => { clauses: BackupClause[]; zeroLoss: boolean };
  /** Backups and whatever else may not happen at once follow one another by it. */
  inTurn: <Result>(work: () => Promise<Result>) => Promise<Result>;
  note(event: string, error?: unknown): void;
}

/** What one cluster is promised while it runs: its WAL archived continuously, its backups taken and expired on schedule. */
export class ClusterProtection {
  private archiver: WalArchiver | undefined;
  private startedMs: number | undefined;
  private taken: Pick<BackupSummary, "label" | "startedMs">[] | undefined;
  private ended = false;
  private readonly ending = Promise.withResolvers<void>();

  constructor(private readonly parts: ProtectionParts) {}

  /** Begins to archive; a server that is away is waited for. */
  start(connection: () => ClientConfig): void {
    if (this.archiver) return;
    const { archive, spoolDir, terms, note, inTurn } = this.parts;
    this.archiver = new WalArchiver({
      ...{ connection, archive, spoolDir, zeroLoss: terms().zeroLoss },
      onEvent: (event) => {
        note(event.kind, "error" in event ? event.error : undefined);
        // No recovery crosses it: points after it can be restored to from the next backup on.
        if (event.kind === "gap")
          void inTurn(() => this.backUp("gap", connection(), () => {})).catch(() => {});
      },
    });
    this.archiver.start();
    this.startedMs = Date.now();
  }

  /** Ships what has come. */
  async stop(): Promise<void> {
    await this.archiver?.stop();
    this.archiver = undefined;
  }

  /** Stops, and takes no scheduled backup any more. */
  async end(): Promise<void> {
    this.ended = true;
    this.ending.resolve();
    await this.stop();
  }

  /** Returns when everything committed before the call is in the archive. @throws ArchiveBehindError */
  async flush(): Promise<void> {
    await this.archiver!.flush();
  }

  /** Returns when commits wait for the receiver. @throws ArchiveBehindError */
  async zeroLossInForce(connection: ClientConfig, limitMs = 30_000): Promise<void> {
    for (const deadline = Date.now() + limitMs; ; await Bun.sleep(50)) {
      const inForce = await withSession(connection, async (client) => {
        const { rowCount } = await client.query(
          "SELECT FROM pg_stat_replication WHERE application_name = $1 AND sync_state = 'sync'",
          [archiveSlot],
        );
        return rowCount === 1;
      });
      if (inForce) return;
      if (Date.now() < deadline) continue;
      throw new ArchiveBehindError("The archive's receiver did not become a synchronous standby in time", {
        hint: "It goes on trying; `evenkeel db list` shows whether WAL arrives.",
      });
    }
  }

  /** The archive needs no WAL before it; undefined while nothing was received. */
  get received(): string | undefined {
    return this.archiver?.status().durable;
  }

  /** What the server has written that is on our disk too; undefined while nothing is received. */
  receivedTo(): string | undefined {
    const status = this.archiver?.status();
    return status?.streaming ? status.durable : undefined;
  }

  /** How far the archive is, for reports. */
  state(): { archivedToMs?: number; error?: ErrorJson; behindMs?: number } {
    const status = this.archiver?.status();
    const archivedToMs = status?.shipped?.timeMs || undefined;
    const behindMs = Date.now() - Math.max(archivedToMs ?? 0, this.startedMs ?? Date.now());
    return {
      ...(archivedToMs === undefined ? {} : { archivedToMs }),
      ...(status?.archiveFailing ? { error: errorJson(status.archiveFailing) } : {}),
      ...(behindMs > behindLimitMs ? { behindMs } : {}),
    };
  }

  /** What is measured of it. @throws what reading the archive throws */
  async measure(): Promise<MeasuredProtection> {
    const newestBackupMs = await this.newestBackupMs();
    const measured: MeasuredProtection = newestBackupMs === undefined ? {} : { newestBackupMs };
    if (this.startedMs === undefined) return measured;
    // What was committed before this archiver began is known once it has shipped.
    const archivedToMs = this.archiver?.status().shipped?.timeMs || this.startedMs;
    return { ...measured, archiveLagMs: Date.now() - archivedToMs };
  }

  /** Called in turn, while the server runs. */
  async backUp(label: string, connection: ClientConfig, onProgress: OnProgress): Promise<DatabaseBackup> {
    const { dataDir, archive, spoolDir } = this.parts;
    const summary = await takeBaseBackup({
      ...{ dataDir: dataDir(), connection, archive, archiver: this.archiver!, lockDir: spoolDir, label },
      onProgress: (doneBytes, totalBytes) =>
        onProgress({ step: "Taking a backup", fraction: totalBytes === 0 ? 1 : doneBytes / totalBytes }),
    });
    this.taken?.push({ label, startedMs: summary.startedMs });
    return backupView(summary);
  }

  /**
   * Takes the backups of the schedule as they fall due, until `end`.
   *
   * @param server brings it up if need be
   * @param firstMs until the first look
   */
  async keepSchedule(server: () => Promise<ClientConfig>, firstMs = firstRetryMs): Promise<void> {
    for (let waitMs = firstMs, retryMs = firstRetryMs; ; ) {
      await waitAtMost(waitMs, this.ending.promise);
      if (this.ended) return;
      try {
        await this.backUpIfDue(server, () => {});
        waitMs = lookEveryMs;
        retryMs = firstRetryMs;
      } catch (error) {
        if (this.ended) return;
        this.parts.note("scheduled_backup_failed", error);
        waitMs = retryMs;
        retryMs = Math.min(lookEveryMs, retryMs * 2);
      }
    }
  }

  /** Takes the backup that is due, if one is. */
  async backUpIfDue(server: () => Promise<ClientConfig>, onProgress: OnProgress): Promise<void> {
    if ((await this.due()) === undefined) return;
    await this.parts.inTurn(async () => {
      const clause = await this.due();
      if (this.ended || !clause) return;
      await this.backUp(clause.kind, await server(), onProgress);
      const { archive, spoolDir, terms } = this.parts;
      await expireBackups({ archive, clauses: terms().clauses, lockDir: spoolDir });
    });
  }

  /** Whether any backup of the schedule is there. */
  async hasBackup(): Promise<boolean> {
    return (await this.takenBefore()).some(({ label }) =>
      this.parts.terms().clauses.some(({ kind }) => kind === label),
    );
  }

  async backups(): Promise<DatabaseBackup[]> {
    return (await readBackups(this.parts.archive)).backups.map(backupView);
  }

  /** When the newest backup was begun, be it of the schedule or not. */
  async newestBackupMs(): Promise<number | undefined> {
    return (await this.takenBefore()).at(-1)?.startedMs;
  }

  private async due() {
    return dueClause(this.parts.terms().clauses, await this.takenBefore(), Date.now());
  }

  /** Read from the archive once: nobody else takes backups of this cluster. */
  private async takenBefore() {
    this.taken ??= (await readBackups(this.parts.archive)).backups.map(({ label, startedMs }) => ({
      label,
      startedMs,
    }));
    return this.taken;
  }
}

export const backupView = (summary: BackupSummary): DatabaseBackup => {
  const { id, kind, startedMs, stoppedMs, dataBytes, storedBytes } = summary;
  return { id, label: summary.label, kind, startedMs, stoppedMs, dataBytes, storedBytes };
};
