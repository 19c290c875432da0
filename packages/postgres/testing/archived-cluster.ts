import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Archive } from "../archive/archive.ts";
import { ArchiveKey } from "../archive/archive-key.ts";
import type { ArchiveTarget } from "../archive/archive-target.ts";
import { FolderTarget } from "../archive/folder-target.ts";
import { WalArchiver, type WalArchiverEvent, type WalArchiverOptions } from "../archive/wal-archiver.ts";
import type { BackupSummary } from "../backup/backup-manifest.ts";
import { type BackupRequest, takeBaseBackup } from "../backup/base-backup.ts";
import { withSession } from "../client/session.ts";
import { parseRecoveryTarget } from "../restore/recovery-target.ts";
import { type RestoreReport, type RestoreRequest, restoreCluster } from "../restore/restore-cluster.ts";
import { startCluster } from "../server/cluster.ts";
import type { RunningCluster } from "../server/running-cluster.ts";
import { type ServerSettings, unsafeSettings } from "../server/server-settings.ts";
import { freePort } from "./free-port.ts";
import { until } from "./until.ts";

type Row = Record<string, unknown>;

/** A cluster with its archive and archiver in one temporary folder. */
export class ArchivedCluster {
  readonly events: WalArchiverEvent[] = [];
  readonly archive: Archive;
  readonly dataDir: string;
  /** Of its own, also where a test lets it listen on the network. */
  readonly port = freePort();
  archiver!: WalArchiver;
  server!: RunningCluster;

  private constructor(
    readonly folder: string,
    private readonly settings: ServerSettings,
    private readonly archiving: Partial<WalArchiverOptions>,
    target: ArchiveTarget = new FolderTarget(join(folder, "archive")),
  ) {
    this.dataDir = join(folder, "data");
    this.archive = new Archive(target, ArchiveKey.generate());
  }

  static async start(
    settings: ServerSettings = {},
    archiving: Partial<WalArchiverOptions> = {},
    target?: ArchiveTarget,
  ): Promise<ArchivedCluster> {
    const folder = mkdtempSync("/tmp/ek-arc-");
    chmodSync(folder, 0o755);
    const started = new ArchivedCluster(
      folder,
      { ...unsafeSettings, full_page_writes: true, ...settings },
      archiving,
      target,
    );
    await started.startServer();
    await started.startArchiver();
    return started;
  }

  async startServer(): Promise<void> {
    this.server = await startCluster({
      dataDir: this.dataDir,
      socketDir: join(this.folder, "s"),
      port: this.port,
      settings: this.settings,
      syncInitialisation: false,
    });
  }

  /** Returns when it streams. */
  async startArchiver(): Promise<void> {
    this.events.length = 0;
    this.archiver = new WalArchiver({
      connection: () => this.server.connectionOptions(),
      archive: this.archive,
      spoolDir: join(this.folder, "spool"),
      tailIntervalMs: 50,
      onEvent: (event) => this.events.push(event),
      ...this.archiving,
    });
    this.archiver.start();
    await until("the archiver streams", () => this.archiver.status().streaming);
  }

  query(text: string, values: unknown[] = []): Promise<Row[]> {
    return withSession(
      this.server.connectionOptions(),
      async (client) => (await client.query(text, values)).rows,
    );
  }

  get backupRequest(): BackupRequest {
    return {
      dataDir: this.dataDir,
      connection: this.server.connectionOptions(),
      archive: this.archive,
      archiver: this.archiver,
      lockDir: join(this.folder, "spool"),
      label: "manual",
    };
  }

  backup(changes: Partial<BackupRequest> = {}): Promise<BackupSummary> {
    return takeBaseBackup({ ...this.backupRequest, ...changes });
  }

  restore(to: string, changes: Partial<RestoreRequest> = {}): Promise<RestoreReport> {
    return restoreCluster({
      archive: this.archive,
      target: parseRecoveryTarget(to),
      dataDir: join(this.folder, "restored"),
      throwAway: true,
      ...changes,
    });
  }

  /** Restores, asks, and removes the copy. */
  async restoreAndAsk(to: string, text: string, changes: Partial<RestoreRequest> = {}): Promise<Row[]> {
    const { dataDir } = await this.restore(to, changes);
    const copy = await startCluster({ dataDir, socketDir: join(this.folder, "r"), settings: unsafeSettings });
    try {
      return await withSession(copy.connectionOptions(), async (client) => (await client.query(text)).rows);
    } finally {
      await copy.stop("immediate");
      rmSync(dataDir, { recursive: true, force: true });
    }
  }

  async stop(): Promise<void> {
    await this.archiver.stop();
    await this.server.stop("immediate");
    rmSync(this.folder, { recursive: true, force: true });
  }
}
