import { existsSync, realpathSync } from "node:fs";
import { withSession } from "../client/session.ts";
import { switchAutovacuum } from "../server/autovacuum-switch.ts";
import { type ClusterRequest, startCluster } from "../server/cluster.ts";
import { killOrphans, killPostmaster } from "../server/kill-server.ts";
import { readPostmasterFile } from "../server/postmaster-file.ts";
import { servesCluster } from "../server/process-table.ts";
import type { RunningCluster, StopMode } from "../server/running-cluster.ts";
import type { ServerSettings } from "../server/server-settings.ts";
import { appDatabase, appRole, ensureAppRole } from "./app-role.ts";
import { connectionEnvironment } from "./connection-environment.ts";
import { type ConnectionLimits, connectionLimits } from "./connection-limits.ts";

export interface AppClusterSpec {
  /** App and environment, for messages: `shop/production`. */
  name: string;
  dataDir: string;
  socketDir: string;
  /** On 127.0.0.1, and of the socket. */
  port: number;
  account?: ClusterRequest["account"];
  binaries?: ClusterRequest["binaries"];
  settings?: ServerSettings;
  /** The app role's; ASCII. */
  password: string;
  /** For all instances together; default 52. */
  connectionLimit?: number;
  /** It follows another cluster by these settings: it takes no changes, and no connections but over the socket. */
  follows?: ServerSettings;
  /** Called before each start of a server that may have none, restarts after its death included. */
  prepare?: () => Promise<void>;
}

export type AppClusterEvent =
  | { kind: "started"; pid: number; adopted: boolean }
  | { kind: "crashed"; pid: number }
  | { kind: "restart_failed"; error: unknown; againInMs: number };

const firstRestartDelayMs = 100;
const longestRestartDelayMs = 10_000;

/**
 * The cluster of one app environment: started on demand, watched, restarted when it dies.
 *
 * States: stopped → (start) → starting → running → (death) → restarting → running; (stop) from any of them → stopped.
 * At most one start is under way, and callers of `start` share it; `stop` waits for it, so no server is left behind.
 */
export class AppCluster {
  private wanted = false;
  private starting: Promise<RunningCluster> | undefined;
  private current: RunningCluster | undefined;
  private watching: Promise<void> = Promise.resolve();
  private wake = Promise.withResolvers<void>();

  constructor(
    readonly spec: AppClusterSpec,
    private readonly onEvent: (event: AppClusterEvent) => void = () => {},
  ) {}

  /** The running server, started if need be; role, password, limits and database are as wanted when it returns. */
  async start(): Promise<RunningCluster> {
    this.wanted = true;
    if (this.current?.runs) return this.current;
    this.starting ??= this.bringUp().finally(() => {
      this.starting = undefined;
    });
    return this.starting;
  }

  async stop(mode: StopMode = "fast"): Promise<void> {
    this.wanted = false;
    this.wake.resolve();
    await this.starting?.catch(() => {});
    await this.current?.stop(mode);
    this.current = undefined;
    await this.watching;
  }

  /** Ends the server and all its processes at once, one that hangs or starts included: when it returns, nothing of it commits any more. */
  async kill(): Promise<void> {
    this.wanted = false;
    this.wake.resolve();
    // Also where the folder has gone and only the process is known.
    if (this.current?.runs) await killPostmaster(this.current.pid);
    if (existsSync(this.spec.dataDir)) {
      const dataDir = realpathSync(this.spec.dataDir);
      const pid = readPostmasterFile(dataDir)?.pid;
      if (pid !== undefined && servesCluster(pid, dataDir)) await killPostmaster(pid);
      await killOrphans(dataDir);
    }
    // A start that was under way fails by this.
    await this.starting?.catch(() => {});
    this.current = undefined;
    await this.watching;
  }

  /** Its next start is of this data directory; it is stopped. */
  moveTo(dataDir: string): void {
    this.spec.dataDir = dataDir;
  }

  /** Ends the watch and leaves the server running, for its next owner to adopt. */
  async release(): Promise<void> {
    this.wanted = false;
    this.wake.resolve();
    await this.starting?.catch(() => {});
  }

  /** Does nothing while the server is away; it comes back with autovacuum. */
  switchAutovacuum(on: boolean): void {
    if (this.current?.runs) switchAutovacuum(this.current, on);
  }

  /** What the app's processes get. */
  environment(): Record<string, string> {
    return connectionEnvironment({ host: "127.0.0.1", port: this.spec.port, password: this.spec.password });
  }

  /** As the app's role over the socket; for migrations. */
  appConnectionString(cluster: RunningCluster): string {
    return cluster.connectionString({ user: appRole, database: appDatabase, password: this.spec.password });
  }

  private async bringUp(): Promise<RunningCluster> {
    await this.spec.prepare?.();
    const limits = connectionLimits(this.spec.connectionLimit);
    let cluster = await this.launch(limits);
    try {
      const wanted = { password: this.spec.password, connectionLimit: limits.app };
      const made =
        !this.spec.follows &&
        (await withSession(cluster.connectionOptions(), (client) => ensureAppRole(client, wanted)));
      if (made) {
        await settleCatalogs(cluster);
        // What it took to make the database is in shared buffers, 1.5 MB that an idle server would keep.
        await cluster.stop();
        cluster = await this.launch(limits);
      }
    } catch (error) {
      // Nobody would watch it.
      await cluster.stop();
      throw error;
    }
    this.current = cluster;
    this.wake = Promise.withResolvers();
    this.onEvent({ kind: "started", pid: cluster.pid, adopted: cluster.adopted });
    this.watching = this.watch(cluster);
    return cluster;
  }

  private launch(limits: ConnectionLimits): Promise<RunningCluster> {
    return startCluster({
      dataDir: this.spec.dataDir,
      socketDir: this.spec.socketDir,
      port: this.spec.port,
      tcp: !this.spec.follows,
      account: this.spec.account,
      binaries: this.spec.binaries,
      settings: {
        shared_preload_libraries: "pg_stat_statements",
        "pg_stat_statements.max": 300,
        // An archive that is away must not fill the disk: beyond this its slot is given up, and a new backup is due.
        max_slot_wal_keep_size: "1GB",
        ...this.spec.settings,
        ...this.spec.follows,
        max_connections: limits.server,
      },
    });
  }

  private async watch(cluster: RunningCluster): Promise<void> {
    await cluster.exited();
    if (!this.wanted) return;
    this.onEvent({ kind: "crashed", pid: cluster.pid });
    for (
      let delayMs = firstRestartDelayMs;
      this.wanted;
      delayMs = Math.min(delayMs * 2, longestRestartDelayMs)
    ) {
      try {
        // `bringUp` puts a new watch in this one's place.
        await this.start();
        return;
      } catch (error) {
        this.onEvent({ kind: "restart_failed", error, againInMs: delayMs });
      }
      await Promise.race([Bun.sleep(delayMs), this.wake.promise]);
    }
  }
}

/** `initdb` leaves catalogs without statistics. Autovacuum would make up for that soon, and read them into a server that idles by then. */
async function settleCatalogs(cluster: RunningCluster): Promise<void> {
  const settle = (database: string) =>
    withSession(cluster.connectionOptions(database), async (client) => {
      await client.query("SET synchronous_commit = local");
      await client.query("VACUUM (ANALYZE)");
      // What was found out is rows, too.
      await client.query("VACUUM pg_catalog.pg_statistic");
    });
  await Promise.all(["postgres", "template1", appDatabase].map(settle));
}
