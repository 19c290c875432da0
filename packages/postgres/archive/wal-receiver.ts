import type { ClientConfig } from "pg";
import { sqlState, withSession } from "../client/session.ts";
import { type TimelineSwitch, WalStream } from "../client/wal-stream.ts";
import { type Lsn, parseLsn, segmentStart } from "../wal/lsn.ts";
import { historyFileName, parseTimelineHistory } from "../wal/timeline-history.ts";
import type { WalMoment } from "./wal-shipper.ts";
import type { WalSpool } from "./wal-spool.ts";

/** Also the application name, by which `synchronous_standby_names` knows it. */
export const archiveSlot = "evenkeel_archive";

/** WAL between the two is nowhere any more: no recovery crosses it, a new base backup is needed at once. */
export interface WalGap {
  from: Lsn;
  to: Lsn;
}

export interface WalReceiverOptions {
  connection: ClientConfig;
  spool: WalSpool;
  /** Where the archive and the spool end together. */
  resumeAt: { timeline: number; start: Lsn } | undefined;
  /** Called when the server is known, before anything is received. Throws when it is not the archive's cluster. */
  onIdentified(systemId: string): Promise<void>;
  onGap(gap: WalGap): void;
  onStreaming(timeline: number): void;
  /** More is on disk. */
  onDurable(): void;
  /** Each durable byte is acknowledged at once, as commits wait for it; else ten times a second. */
  zeroLoss: boolean;
}

/** Received but not yet on disk; more than this and the server waits. */
const unsyncedLimitBytes = 64n * 1024n * 1024n;
const relaxedSyncIntervalMs = 100;
const segmentRemoved = "58P01";

/** One connection's life: prepares the slot, finds where to begin, receives into the spool until something breaks. */
export class WalReceiver {
  private stream: WalStream | undefined;
  private syncing: Promise<void> | undefined;
  private failure = Promise.withResolvers<never>();
  private serverTimeline = 1;
  private stopped = false;
  private paused = false;
  /** Set from outside while the spool may not grow. */
  private held = false;
  private lastSeen: WalMoment | undefined;
  private seenDurable: WalMoment | undefined;
  private keepAlive: ReturnType<typeof setInterval> | undefined;

  constructor(private readonly options: WalReceiverOptions) {
    this.failure.promise.catch(() => {});
  }

  /** A moment up to which everything is on disk. */
  get caughtUp(): WalMoment | undefined {
    return this.seenDurable;
  }

  /** Rejects when the connection is lost or refused; resolves after `stop`. */
  async run(): Promise<void> {
    try {
      this.stream = await WalStream.open(this.options.connection, archiveSlot);
      const server = await this.stream.identify();
      this.serverTimeline = server.timeline;
      await this.options.onIdentified(server.systemId);
      const slotStart = await this.prepareSlot();
      let at = await this.beginning(this.stream, server.timeline, slotStart);
      for (;;) {
        const next = await this.receive(at);
        if (!next) throw new Error("The server ended the stream");
        await this.keepHistory(this.stream, next.timeline);
        at = { timeline: next.timeline, start: segmentStart(next.switchedAt) };
      }
    } catch (error) {
      if (!this.stopped) throw error;
    } finally {
      clearInterval(this.keepAlive);
      this.stream?.close();
      await this.syncing;
    }
  }

  stop(): void {
    this.stopped = true;
    this.failure.reject(new Error("stopped"));
    this.stream?.close();
  }

  /** While held, nothing more is taken from the server; it hears from us, so that it does not give us up. */
  hold(held: boolean): void {
    this.held = held;
    this.regulate();
    clearInterval(this.keepAlive);
    if (held) this.keepAlive = setInterval(() => this.acknowledge(), 5_000);
  }

  private async prepareSlot(): Promise<Lsn> {
    return withSession(this.options.connection, async (client) => {
      const { rows } = await client.query(
        "SELECT restart_lsn, wal_status FROM pg_replication_slots WHERE slot_name = $1",
        [archiveSlot],
      );
      if (rows[0]?.wal_status === "lost")
        await client.query("SELECT pg_drop_replication_slot($1)", [archiveSlot]);
      else if (rows[0]?.restart_lsn) return parseLsn(rows[0].restart_lsn);
      const created = await client.query("SELECT lsn FROM pg_create_physical_replication_slot($1, true)", [
        archiveSlot,
      ]);
      return parseLsn(created.rows[0].lsn);
    });
  }

  /** Continues the archive's WAL where the server's history has it in common with us, else begins at the slot. */
  private async beginning(stream: WalStream, serverTimeline: number, slotStart: Lsn) {
    const fresh = { timeline: serverTimeline, start: segmentStart(slotStart) };
    const { resumeAt } = this.options;
    const history = parseTimelineHistory(serverTimeline, await stream.timelineHistory(serverTimeline));
    await this.keepHistory(stream, serverTimeline);
    if (!resumeAt) return fresh;
    const index = history.findIndex((stretch) => stretch.timeline === resumeAt.timeline);
    const stretch = history[index];
    if (!stretch) return fresh;
    if (stretch.end === undefined || resumeAt.start <= stretch.end) return resumeAt;
    // The archive went further on a timeline that the server has left earlier: a restore to a point in the past.
    return { timeline: history[index + 1]!.timeline, start: segmentStart(stretch.end) };
  }

  private async keepHistory(stream: WalStream, timeline: number): Promise<void> {
    const text = await stream.timelineHistory(timeline);
    if (text !== "") this.options.spool.addHistory(historyFileName(timeline), text);
  }

  private async receive(at: { timeline: number; start: Lsn }): Promise<TimelineSwitch | undefined> {
    const stream = this.stream!;
    await this.options.spool.begin(at.timeline, at.start);
    this.options.onStreaming(at.timeline);
    const streaming = stream.stream({
      slot: archiveSlot,
      timeline: at.timeline,
      from: at.start,
      onWal: (start, bytes, end, timeMs) => {
        try {
          this.options.spool.append(start, bytes);
        } catch (error) {
          // A full disk, above all.
          this.failure.reject(error);
          return;
        }
        this.lastSeen = { lsn: end, timeMs };
        this.regulate();
        this.requestSync();
      },
      onReplyWanted: () => this.acknowledge(),
    });
    try {
      const next = await Promise.race([streaming, this.failure.promise]);
      await this.syncing;
      await this.options.spool.sync();
      return next;
    } catch (error) {
      streaming.catch(() => {});
      if (sqlState(error) !== segmentRemoved || !this.options.resumeAt) throw error;
      const slotStart = await this.prepareSlot();
      const to = segmentStart(slotStart);
      if (to <= at.start) throw error;
      this.options.onGap({ from: at.start, to });
      throw new WalMissingError(this.serverTimeline, to, error);
    }
  }

  private requestSync(): void {
    this.syncing ??= this.syncAll()
      .catch((error) => this.failure.reject(error))
      .finally(() => {
        this.syncing = undefined;
      });
  }

  private async syncAll(): Promise<void> {
    const { spool } = this.options;
    while (spool.durable !== spool.received) {
      const seen = this.lastSeen;
      await spool.sync();
      if (seen && spool.durable !== undefined && spool.durable >= seen.lsn) this.seenDurable = seen;
      this.acknowledge();
      this.regulate();
      this.options.onDurable();
      if (!this.options.zeroLoss && !this.stopped) await Bun.sleep(relaxedSyncIntervalMs);
    }
  }

  private acknowledge(): void {
    const { durable } = this.options.spool;
    if (durable !== undefined && !this.stopped) this.stream?.report(durable);
  }

  private regulate(): void {
    const { received, durable } = this.options.spool;
    const behind = received !== undefined && durable !== undefined && received - durable > unsyncedLimitBytes;
    const pause = this.held || behind;
    if (pause === this.paused) return;
    this.paused = pause;
    if (pause) this.stream?.pause();
    else this.stream?.resume();
  }
}

/** The server no longer has what would continue the archive. */
export class WalMissingError extends Error {
  constructor(
    readonly timeline: number,
    readonly availableFrom: Lsn,
    cause: unknown,
  ) {
    super("The server has removed WAL that the archive still needed", { cause });
  }
}
