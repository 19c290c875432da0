import { type RunningCluster, startCluster } from "@evenkeel/postgres";
import type { ProcessReport } from "./kept-process.ts";

const firstDelayMs = 50;
const longestDelayMs = 5_000;

export interface DatabasePlace {
  dataDir: string;
  socketDir: string;
  /** Called before each start. */
  prepare: () => Promise<void>;
}

/**
 * Keeps the platform's own cluster running: started or adopted, started again when it ends. A start that fails (a full disk, a
 * data directory of another version) is tried again with growing delays, and its reason is in the supervisor's log.
 */
export class KeptDatabase {
  private cluster: RunningCluster | undefined;
  private stopped = false;
  private restarts = 0;
  private sinceMs = Date.now();
  private loop: Promise<void> = Promise.resolve();
  private readonly first = Promise.withResolvers<void>();

  constructor(private readonly place: DatabasePlace) {}

  start(): void {
    this.loop = this.keep();
  }

  ready(): Promise<void> {
    return this.first.promise;
  }

  report(): ProcessReport {
    const state = this.cluster?.runs ? "running" : this.restarts > 0 ? "restarting" : "starting";
    const report: ProcessReport = {
      name: "database",
      state: this.stopped ? "stopped" : state,
      restarts: this.restarts,
      sinceMs: this.sinceMs,
    };
    if (this.cluster) report.pid = this.cluster.pid;
    return report;
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await this.cluster?.stop("fast");
    await this.loop;
  }

  private async keep(): Promise<void> {
    let delayMs = firstDelayMs;
    while (!this.stopped) {
      try {
        const { prepare, ...place } = this.place;
        await prepare();
        // An archive that is away must not fill the disk: beyond this its slot is given up, and a new backup is due.
        this.cluster = await startCluster({ ...place, settings: { max_slot_wal_keep_size: "1GB" } });
        this.sinceMs = Date.now();
        this.first.resolve();
        if (this.stopped) await this.cluster.stop("fast");
        await this.cluster.exited();
        if (Date.now() - this.sinceMs > 10_000) delayMs = firstDelayMs;
        if (!this.stopped) console.error(`The platform's database ended; starting it again in ${delayMs} ms`);
      } catch (error) {
        console.error(
          `The platform's database did not start: ${error instanceof Error ? error.message : error}`,
        );
      }
      this.cluster = undefined;
      if (this.stopped) return;
      this.restarts++;
      await Bun.sleep(delayMs);
      delayMs = Math.min(longestDelayMs, delayMs * 2);
    }
  }
}
