import type { ClientConfig } from "pg";
import { withSession } from "../client/session.ts";
import { waitAtMost } from "../client/waiting.ts";
import { ArchiveBehindError } from "../errors.ts";
import { formatLsn, type Lsn, parseLsn } from "../wal/lsn.ts";
import type { Archive } from "./archive.ts";
import { archivedEnd, readWalInventory } from "./wal-inventory.ts";
import { type WalGap, WalMissingError, WalReceiver } from "./wal-receiver.ts";
import { type ShippedPosition, type WalMoment, WalShipper } from "./wal-shipper.ts";
import { WalSpool } from "./wal-spool.ts";
import { setZeroLoss } from "./zero-loss.ts";

export interface WalArchiverOptions {
  /** The superuser's, as `RunningCluster.connectionOptions()`. Asked at each connection. */
  connection: () => ClientConfig;
  archive: Archive;
  /** On this machine, outside the data directory. */
  spoolDir: string;
  /** A commit is acknowledged when it is in the spool too; it waits while no receiver runs. Default false. */
  zeroLoss?: boolean;
  /** How often what has come of a segment goes to the archive; default 2 s. */
  tailIntervalMs?: number;
  /** How often an idle archive notes that there was nothing to note; default 60 s. */
  heartbeatMs?: number;
  /** Complete segments that may wait for an archive that is away; default 1 GiB. Then the server keeps them, to its own limit. */
  spoolLimitBytes?: number;
  onEvent?: (event: WalArchiverEvent) => void;
}

export type WalArchiverEvent =
  | { kind: "streaming"; timeline: number }
  | { kind: "disconnected"; error: unknown }
  /** Nothing reaches the archive. Told once; `archive_recovered` ends it. */
  | { kind: "archive_failing"; error: unknown }
  | { kind: "archive_recovered" }
  | { kind: "spool_full"; waitingBytes: number }
  | { kind: "spool_drained" }
  /** No recovery crosses it: take a base backup now. */
  | { kind: "gap"; from: string; to: string };

export interface WalArchiverStatus {
  streaming: boolean;
  timeline: number | undefined;
  /** On this machine's disk up to here. */
  durable: string | undefined;
  /** In the archive up to here, and everything committed by `timeMs`. */
  shipped: { timeline: number; lsn: string; timeMs: number } | undefined;
  waitingBytes: number;
  archiveFailing: unknown;
  gap: { from: string; to: string } | undefined;
}

const firstRetryMs = 100;
const longestRetryMs = 5_000;

/**
 * Archives a cluster's WAL continuously: receives it over a replication slot into the spool, and ships it from there. The
 * two go on independently: an archive that is away does not stop receiving until the spool is full, and a server that is
 * gone does not stop shipping. In all of it the app's own work goes on.
 */
export class WalArchiver {
  private readonly spool: WalSpool;
  private readonly shipper: WalShipper;
  private readonly report: (event: WalArchiverEvent) => void;
  private receiver: WalReceiver | undefined;
  private streamingTimeline: number | undefined;
  private resumeAfterGap: { timeline: number; start: Lsn } | undefined;
  private systemId: string | undefined;
  private claimed = false;
  private failing: unknown;
  private gap: { from: string; to: string } | undefined;
  private full = false;
  private mark: WalMoment | undefined;
  private stopped = false;
  private readonly stopping = Promise.withResolvers<void>();
  private wake = Promise.withResolvers<void>();
  private round = Promise.withResolvers<void>();
  private loops: Promise<unknown> | undefined;

  constructor(private readonly options: WalArchiverOptions) {
    this.spool = new WalSpool(options.spoolDir);
    this.shipper = new WalShipper(options.archive, this.spool);
    this.systemId = this.spool.owner();
    this.report = options.onEvent ?? (() => {});
  }

  start(): void {
    this.loops ??= Promise.all([this.receiveForEver(), this.shipForEver()]);
  }

  /** Ships what has come, if the archive takes it. The slot stays, so that nothing is missed until the next start. */
  async stop(): Promise<void> {
    this.stopped = true;
    if (this.options.zeroLoss) await setZeroLoss(this.options.connection(), false).catch(() => {});
    this.receiver?.stop();
    this.stopping.resolve();
    this.wake.resolve();
    await this.loops;
    await this.spool.close();
    await this.shipOnce().catch(() => {});
  }

  /** After a base backup that begins behind the gap, recovery no longer has to cross it. */
  baseBackupTaken(start: Lsn): void {
    if (this.gap && start >= parseLsn(this.gap.to)) this.gap = undefined;
  }

  status(): WalArchiverStatus {
    const shipped = this.shipper.position;
    return {
      streaming: this.streamingTimeline !== undefined,
      timeline: this.streamingTimeline,
      durable: this.spool.durable === undefined ? undefined : formatLsn(this.spool.durable),
      shipped: shipped && { ...shipped, lsn: formatLsn(shipped.lsn) },
      waitingBytes: this.spool.sizeBytes(),
      archiveFailing: this.failing,
      gap: this.gap,
    };
  }

  /**
   * Returns when everything committed before the call is in the archive.
   *
   * @throws ArchiveBehindError when that takes longer than `limitMs` (default 60 s).
   */
  async flush(limitMs = 60_000): Promise<ShippedPosition> {
    const { lsn } = await this.markNow();
    return this.shippedTo(lsn, limitMs);
  }

  /** Returns when the archive holds all WAL before `position`. @throws ArchiveBehindError */
  async shippedTo(position: Lsn, limitMs = 60_000): Promise<ShippedPosition> {
    const deadline = Date.now() + limitMs;
    for (;;) {
      const round = this.round.promise;
      this.wake.resolve();
      await waitAtMost(deadline - Date.now(), round);
      const shipped = this.shipper.position;
      // On another timeline a position means something else.
      const current = shipped?.timeline === this.streamingTimeline;
      if (shipped && current && shipped.lsn >= position) return shipped;
      if (this.stopped || Date.now() >= deadline) {
        const reached = shipped ? `WAL up to ${formatLsn(shipped.lsn)}` : "no WAL";
        throw new ArchiveBehindError(
          `The archive ${this.options.archive.target.description} has ${reached}, not yet to ${formatLsn(position)}`,
          {
            hint: "See whether it can be reached and whether the receiver is connected.",
            cause: this.failing,
          },
        );
      }
      // What was missing is on its way; rounds without it follow each other no faster than this.
      await Bun.sleep(10);
    }
  }

  private async receiveForEver(): Promise<void> {
    for (let retryMs = firstRetryMs; !this.stopped; ) {
      try {
        await this.whenRoom();
        await this.receiveOnce(() => {
          retryMs = firstRetryMs;
        });
      } catch (error) {
        if (this.stopped) return;
        this.report({ kind: "disconnected", error });
      }
      this.streamingTimeline = undefined;
      await waitAtMost(retryMs, this.stopping.promise);
      retryMs = Math.min(retryMs * 2, longestRetryMs);
    }
  }

  private async receiveOnce(onStreaming: () => void): Promise<void> {
    const { zeroLoss = false } = this.options;
    this.receiver = new WalReceiver({
      connection: this.options.connection(),
      spool: this.spool,
      resumeAt: this.resumeAfterGap ?? (await this.resumePoint()),
      onIdentified: async (systemId) => {
        this.spool.claim(systemId);
        this.systemId = systemId;
      },
      onGap: (gap) => this.noteGap(gap),
      onStreaming: (timeline) => {
        this.streamingTimeline = timeline;
        onStreaming();
        this.report({ kind: "streaming", timeline });
        // A failure breaks the connection too, and the next one does it again.
        void setZeroLoss(this.options.connection(), zeroLoss).catch(() => this.receiver?.stop());
      },
      onDurable: () => {
        this.resumeAfterGap = undefined;
        if (this.spool.hasComplete) this.onSegmentComplete();
      },
      zeroLoss,
    });
    if (this.stopped) return;
    try {
      await this.receiver.run();
    } catch (error) {
      if (error instanceof WalMissingError) {
        this.resumeAfterGap = { timeline: error.timeline, start: error.availableFrom };
      }
      throw error;
    }
  }

  private async resumePoint(): Promise<{ timeline: number; start: Lsn } | undefined> {
    // The spool is never behind the archive: what it ships, it had.
    return this.spool.resumePoint() ?? archivedEnd(await readWalInventory(this.options.archive));
  }

  private noteGap({ from, to }: WalGap): void {
    this.gap = { from: formatLsn(from), to: formatLsn(to) };
    this.report({ kind: "gap", ...this.gap });
  }

  private onSegmentComplete(): void {
    this.wake.resolve();
    const waitingBytes = this.spool.sizeBytes();
    if (this.full || waitingBytes < (this.options.spoolLimitBytes ?? 1024 ** 3)) return;
    this.full = true;
    this.report({ kind: "spool_full", waitingBytes });
    this.receiver?.hold(true);
    // Commits would wait for an acknowledgement that cannot come.
    if (this.options.zeroLoss) void setZeroLoss(this.options.connection(), false).catch(() => {});
  }

  private onRoom(): void {
    if (!this.full || this.spool.sizeBytes() >= (this.options.spoolLimitBytes ?? 1024 ** 3)) return;
    this.full = false;
    this.report({ kind: "spool_drained" });
    this.receiver?.hold(false);
    if (this.options.zeroLoss)
      void setZeroLoss(this.options.connection(), true).catch(() => this.receiver?.stop());
  }

  private async whenRoom(): Promise<void> {
    while (this.full && !this.stopped) await waitAtMost(firstRetryMs, this.stopping.promise);
  }

  private async shipForEver(): Promise<void> {
    let lastBeatMs = Date.now();
    for (let retryMs = firstRetryMs; !this.stopped; ) {
      this.wake = Promise.withResolvers();
      if (Date.now() - lastBeatMs > (this.options.heartbeatMs ?? 60_000)) {
        lastBeatMs = Date.now();
        await this.markNow().catch(() => {});
      }
      try {
        await this.shipOnce();
        retryMs = firstRetryMs;
        await waitAtMost(this.options.tailIntervalMs ?? 2_000, this.wake.promise);
      } catch (error) {
        if (this.failing === undefined) this.report({ kind: "archive_failing", error });
        this.failing = error;
        await waitAtMost(retryMs, this.stopping.promise);
        retryMs = Math.min(retryMs * 2, longestRetryMs);
      }
    }
  }

  private async shipOnce(): Promise<void> {
    const { round } = this;
    try {
      if (!this.claimed && this.systemId !== undefined) {
        await this.options.archive.claim(this.systemId);
        this.claimed = true;
      }
      const stored = this.claimed && (await this.shipper.ship(this.moments()));
      // A round that had nothing to store says nothing of an archive that failed.
      if (stored && this.failing !== undefined) {
        this.report({ kind: "archive_recovered" });
        this.failing = undefined;
      }
      this.onRoom();
    } finally {
      this.round = Promise.withResolvers();
      round.resolve();
    }
  }

  private async markNow(): Promise<WalMoment> {
    const { rows } = await withSession(this.options.connection(), (client) =>
      client.query(
        "SELECT floor(extract(epoch FROM clock_timestamp()) * 1000) AS ms, pg_current_wal_flush_lsn() AS lsn",
      ),
    );
    this.mark = { lsn: parseLsn(rows[0].lsn), timeMs: Number(rows[0].ms) };
    return this.mark;
  }

  private moments(): WalMoment[] {
    return [this.mark, this.receiver?.caughtUp].filter((moment) => moment !== undefined);
  }
}
