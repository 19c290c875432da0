import { rmSync } from "node:fs";
import { join } from "node:path";
import { Archive } from "@evenkeel/postgres/archive/archive";
import { ArchiveKey } from "@evenkeel/postgres/archive/archive-key";
import { FolderTarget } from "@evenkeel/postgres/archive/folder-target";
import { WalArchiver } from "@evenkeel/postgres/archive/wal-archiver";
import { takeBaseBackup } from "@evenkeel/postgres/backup/base-backup";
import { withSession } from "@evenkeel/postgres/client/session";
import { parseRecoveryTarget } from "@evenkeel/postgres/restore/recovery-target";
import { restoreCluster } from "@evenkeel/postgres/restore/restore-cluster";
import { startCluster } from "@evenkeel/postgres/server/cluster";
import type { RunningCluster } from "@evenkeel/postgres/server/running-cluster";
import type { Client } from "pg";
import type { Bench } from "../bench.ts";
import { makeOrders } from "./order-table.ts";

/** For filling alone: nothing of it is measured. */
const fillSettings = { wal_level: "minimal", max_wal_senders: 0, fsync: false, shared_buffers: "512MB" };

/** Evenkeel's PostgreSQL with a filled database, an archive in a folder and an archiver, with the settings and terms of an app's database. */
export class ArchivedServer {
  private constructor(
    private readonly folder: string,
    private readonly archive: Archive,
    private readonly archiver: WalArchiver,
    private readonly server: RunningCluster,
  ) {}

  static async start(bench: Bench, sizeMb: number): Promise<ArchivedServer> {
    const folder = bench.makeFolder("database");
    const place = { dataDir: join(folder, "data"), socketDir: join(folder, "s") };
    bench.step(`Filling a database of ${sizeMb} MB`);
    const filled = await startCluster({ ...place, settings: fillSettings });
    bench.resources.defer(() => filled.stop("immediate"));
    await withSession(filled.connectionOptions(), (client) => makeOrders(client, sizeMb));
    await filled.stop();
    const server = await startCluster(place);
    bench.resources.defer(() => server.stop("immediate"));
    const { rows } = await withSession(server.connectionOptions(), (client) =>
      client.query("SHOW server_version"),
    );
    bench.versions["PostgreSQL of Evenkeel"] = rows[0].server_version;
    const archive = new Archive(new FolderTarget(join(folder, "archive")), ArchiveKey.generate());
    const connection = () => server.connectionOptions();
    const archiver = new WalArchiver({ connection, archive, spoolDir: join(folder, "spool") });
    bench.resources.defer(() => archiver.stop());
    archiver.start();
    while (!archiver.status().streaming) await Bun.sleep(20);
    return new ArchivedServer(folder, archive, archiver, server);
  }

  session<Result>(work: (client: Client) => Promise<Result>): Promise<Result> {
    return withSession(this.server.connectionOptions(), work);
  }

  flush(): Promise<unknown> {
    return this.archiver.flush();
  }

  backUp(): Promise<{ dataBytes: number; storedBytes: number }> {
    return takeBaseBackup({
      ...{ dataDir: join(this.folder, "data"), connection: this.server.connectionOptions() },
      ...{ archive: this.archive, archiver: this.archiver, lockDir: join(this.folder, "spool") },
      label: "manual",
    });
  }

  /** So that the next one stores everything: equal content is stored once. */
  forgetBackups(): void {
    for (const name of ["backups", "chunks"]) {
      rmSync(join(this.archive.target.description, name), { recursive: true, force: true });
    }
  }

  /** Returns once the restored server has answered `query`; it is stopped and removed then. */
  async restore(to: string, query: string): Promise<{ tookMs: number; row: Record<string, unknown> }> {
    const dataDir = join(this.folder, "restored");
    const beginMs = performance.now();
    await restoreCluster({ archive: this.archive, target: parseRecoveryTarget(to), dataDir });
    const restored = await startCluster({ dataDir, socketDir: join(this.folder, "r") });
    try {
      const { rows } = await withSession(restored.connectionOptions(), (client) => client.query(query));
      return { tookMs: performance.now() - beginMs, row: rows[0] };
    } finally {
      await restored.stop("immediate");
      rmSync(dataDir, { recursive: true, force: true });
    }
  }
}
