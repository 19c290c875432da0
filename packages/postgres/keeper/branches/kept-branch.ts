import { existsSync, mkdirSync, realpathSync, rmSync } from "node:fs";
import { type BranchReport, errorJson } from "@evenkeel/model";
import { AppCluster } from "../../app-cluster/app-cluster.ts";
import { connectionEnvironment } from "../../app-cluster/connection-environment.ts";
import { directorySize } from "../../branch/directory-size.ts";
import { type BranchSource, createBranch } from "../../branch/index.ts";
import { killServer } from "../../server/kill-server.ts";
import { readPostmasterFile } from "../../server/postmaster-file.ts";
import { servesCluster } from "../../server/process-table.ts";
import type { ServerSettings } from "../../server/server-settings.ts";
import type { OnProgress } from "../cluster-protection.ts";
import { removeFolder } from "../database-record.ts";
import type { BranchRecord } from "./branch-record.ts";
import { branchSettings } from "./branch-settings.ts";
import { WakingPort } from "./waking-port.ts";

export interface KeptBranchParts {
  record: BranchRecord;
  folder: string;
  dataDir: string;
  socketDir: string;
  password: string;
  /** A port for its server, anew at each start. */
  allotPort: () => number;
  saveRecord: (record: BranchRecord) => void;
  /** Throws while the disk has no room for what its server may write. */
  refuseWhenFull: () => void;
  settings?: ServerSettings | undefined;
}

/**
 * One branch while the keeper runs.
 *
 * States: making → asleep ⇄ running → removed. Asleep there is only its port: the first connection starts the server, and when
 * nobody has been connected for a while it is stopped. What changes the state is done in turn, never at once.
 */
export class KeptBranch {
  private readonly port: WakingPort;
  private cluster: AppCluster | undefined;
  private turn: Promise<unknown> = Promise.resolve();
  private removed = false;

  constructor(private readonly parts: KeptBranchParts) {
    this.port = new WakingPort(parts.record.port, () => this.inTurn(() => this.bringUp()));
  }

  get record(): BranchRecord {
    return this.parts.record;
  }

  get isMade(): boolean {
    return existsSync(this.parts.dataDir);
  }

  /** Nothing happens if it is there. @throws what `createBranch` throws; nothing is left then. */
  make(
    { source, scrubSql }: { source: BranchSource | undefined; scrubSql?: string | undefined },
    onProgress: OnProgress,
  ): Promise<void> {
    return this.inTurn(async () => {
      const { folder, dataDir, password } = this.parts;
      mkdirSync(folder, { recursive: true, mode: 0o711 });
      const isNew = !this.isMade;
      if (isNew && source) {
        await createBranch({
          ...{ source, dataDir, password, finishAtStart: true, onProgress },
          ...(scrubSql === undefined ? {} : { scrubSql }),
        });
      }
      onProgress({ step: "Starting PostgreSQL" });
      try {
        await this.bringUp();
      } catch (error) {
        // It was never a branch that somebody had.
        if (isNew) rmSync(dataDir, { recursive: true, force: true });
        throw error;
      }
      await this.port.listen();
    });
  }

  /** Takes connections again after a start of the keeper; a server that runs is adopted. */
  open(): Promise<void> {
    return this.inTurn(async () => {
      await this.port.listen();
      const pid = readPostmasterFile(this.parts.dataDir)?.pid;
      if (pid === undefined || !servesCluster(pid, realpathSync(this.parts.dataDir))) return;
      this.cluster ??= this.newCluster();
      await this.bringUp();
    });
  }

  variables(): Record<string, string> {
    const { record, password } = this.parts;
    return connectionEnvironment({ host: "127.0.0.1", port: record.port, password });
  }

  /** Stops the server when nobody has been connected for `idleMs`. */
  sleepWhenIdle(idleMs: number): Promise<void> {
    const idle = () =>
      this.cluster !== undefined && this.port.connections === 0 && this.usedAtMs() + idleMs <= Date.now();
    return idle() ? this.sleep(idle) : Promise.resolve();
  }

  /** Stops the server, if it is still to be when its turn comes. */
  sleep(still: () => boolean = () => true): Promise<void> {
    return this.inTurn(async () => {
      if (!this.cluster || !still()) return;
      await this.cluster.stop();
      this.cluster = undefined;
      this.saveUse(this.usedAtMs());
    });
  }

  remove(): Promise<void> {
    return this.inTurn(async () => {
      this.removed = true;
      this.port.stop();
      // Nobody wants what is in it: no checkpoint.
      await this.cluster?.stop("immediate");
      if (this.isMade) await killServer(this.parts.dataDir);
      removeFolder(this.parts.folder);
    });
  }

  /** Leaves the server running, for the next keeper to adopt. */
  async release(): Promise<void> {
    this.port.stop();
    await this.cluster?.release();
  }

  report(): BranchReport {
    const { formatVersion: _, ...record } = this.record;
    return {
      ...record,
      state: this.isMade ? (this.cluster ? "running" : "asleep") : "making",
      usedAtMs: this.usedAtMs(),
      sizeBytes: this.sizeBytes(),
    };
  }

  /** With what is being made. */
  sizeBytes(): number {
    return existsSync(this.parts.folder) ? directorySize(this.parts.folder) : 0;
  }

  private usedAtMs(): number {
    if (this.port.connections > 0) return Date.now();
    return Math.max(this.record.usedAtMs, this.port.lastLeftMs);
  }

  private async bringUp(): Promise<number> {
    if (this.cluster === undefined) {
      this.parts.refuseWhenFull();
      this.cluster = this.newCluster();
      this.saveUse(Date.now());
    }
    try {
      return (await this.cluster.start()).port;
    } catch (error) {
      this.cluster = undefined;
      throw error;
    }
  }

  private newCluster(): AppCluster {
    const { record, dataDir, socketDir, password, settings } = this.parts;
    return new AppCluster(
      {
        ...{ name: `${record.app} ${record.branch}`, dataDir, socketDir, password },
        port: this.parts.allotPort(),
        settings: { ...branchSettings, ...settings },
      },
      (event) => this.note(event.kind, "error" in event ? event.error : undefined),
    );
  }

  private saveUse(usedAtMs: number): void {
    if (this.removed) return;
    this.record.usedAtMs = usedAtMs;
    this.parts.saveRecord(this.record);
  }

  private inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.turn.then(work);
    this.turn = result.catch(() => {});
    return result;
  }

  private note(event: string, error: unknown): void {
    const { app, branch } = this.record;
    const reason = error === undefined ? "" : `: ${errorJson(error).message}`;
    console.log(`${new Date().toISOString()} ${app}, branch ${branch}: ${event}${reason}`);
  }
}
