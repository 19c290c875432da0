import { EvenkeelError, errorJson } from "@evenkeel/model";
import { ChannelUnavailableError, channelKinds } from "@evenkeel/notify";
import { first } from "../database/connection.ts";
import type { Database } from "../database/database.ts";
import { DatabaseUnavailableError } from "../errors.ts";
import type { ChannelRow } from "./channel-store.ts";
import type { Channels } from "./channels.ts";
import {
  beginDue,
  begunBefore,
  type Lane,
  lanes,
  type NotificationRow,
  nextDueMs,
  noteFailed,
  noteLater,
  noteSent,
} from "./outbox-store.ts";
import { retryInMs } from "./retry-policy.ts";

export interface OutboxParts {
  database: Database;
  channels: Channels;
  /** A channel has begun to fail, or takes messages again. */
  onChannel(channel: ChannelRow, error: EvenkeelError | undefined): void;
}

/** Under way at once. */
const laneWidth: Record<Lane, number> = { page: 16, team: 8, subscribers: 4 };
/** Of one channel, so that one that hangs does not hold up the others. */
const channelWidth = 4;
/** Begun at a time; each is a commit. */
const batch: Record<Lane, number> = { page: 16, team: 8, subscribers: 32 };
const attemptLimitMs = 30_000;
const longestSleepMs = 60_000;

/**
 * Sends what is to be told. Each lane goes by itself: pages never wait for what thousands are told.
 *
 * What is sent is `sending` in the database before the provider hears of it, and `sent` after it has answered. What a crash leaves at `sending` is asked
 * for at the provider where it can be (`find`); where the provider joins repetitions it is sent again; else it is sent again and says that it may be a
 * repetition. So everybody is told, and nobody twice who can be spared it.
 */
export class Outbox {
  private stopped = true;
  private readonly wakers = new Map<Lane, () => void>();
  private running: Promise<unknown> = Promise.resolve();
  private readonly underWay = new Map<Lane, Set<Promise<void>>>(lanes.map((lane) => [lane, new Set()]));
  private readonly busy = new Map<string, number>();
  /** When each channel sent, within the last minute. */
  private readonly sentAtMs = new Map<string, number[]>();
  private readonly known = new Map<string, ChannelRow>();

  constructor(private readonly parts: OutboxParts) {}

  /** Takes up what was cut off, then what is due. */
  start(): void {
    this.stopped = false;
    this.running = Promise.all([this.takeUp(), ...lanes.map((lane) => this.run(lane))]);
  }

  async stop(): Promise<void> {
    this.stopped = true;
    this.nudge();
    await this.running.catch(() => {});
    await Promise.race([
      Promise.all([...this.underWay.values()].flatMap((set) => [...set])),
      Bun.sleep(5_000),
    ]);
    this.parts.channels.close();
  }

  /** Something may be due. */
  nudge(): void {
    for (const wake of this.wakers.values()) wake();
  }

  private async takeUp(): Promise<void> {
    for (;;) {
      try {
        for (const row of await begunBefore(this.parts.database)) this.track(row, this.reconcile(row));
        return;
      } catch (error) {
        if (this.stopped || !(error instanceof DatabaseUnavailableError)) throw error;
        await Bun.sleep(500);
      }
    }
  }

  private async run(lane: Lane): Promise<void> {
    while (!this.stopped) {
      let waitMs = longestSleepMs;
      let woken = this.woken(lane);
      try {
        waitMs = await this.sendDue(lane);
      } catch (error) {
        if (!(error instanceof DatabaseUnavailableError)) console.error("control: notifications:", error);
        waitMs = 1_000;
        woken = this.woken(lane);
      }
      if (this.stopped || waitMs === 0) continue;
      const timer = setTimeout(() => this.wakers.get(lane)?.(), Math.min(longestSleepMs, waitMs));
      await woken;
      clearTimeout(timer);
    }
  }

  private woken(lane: Lane): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.wakers.set(lane, resolve);
    return promise;
  }

  /** @returns how long nothing is to be done, unless something is queued or ends */
  private async sendDue(lane: Lane): Promise<number> {
    const { database } = this.parts;
    const underWay = this.underWay.get(lane)!;
    const room = laneWidth[lane] - underWay.size;
    if (room <= 0) return longestSleepMs;
    const { full, freeInMs } = this.fullChannels(Date.now());
    const rows = await beginDue(database, lane, Math.min(room, batch[lane]), full);
    for (const row of rows) {
      this.busy.set(row.channel, (this.busy.get(row.channel) ?? 0) + 1);
      this.sentAtMs.set(row.channel, [...(this.sentAtMs.get(row.channel) ?? []), Date.now()]);
      this.track(
        row,
        this.attempt(row).finally(() => this.busy.set(row.channel, this.busy.get(row.channel)! - 1)),
      );
    }
    if (rows.length > 0) return 0;
    const dueMs = await nextDueMs(database, lane);
    if (dueMs === undefined) return longestSleepMs;
    // What is due and did not go waits for its channel.
    return Math.max(20, dueMs <= Date.now() ? freeInMs : dueMs - Date.now());
  }

  /** Channels that take nothing at this moment, and how long at least one of them does not. */
  private fullChannels(nowMs: number): { full: string[]; freeInMs: number } {
    const full: string[] = [];
    let freeInMs = longestSleepMs;
    for (const [id, count] of this.busy) if (count >= channelWidth) full.push(id);
    for (const [id, sent] of this.sentAtMs) {
      const recent = sent.filter((atMs) => nowMs - atMs < 60_000);
      this.sentAtMs.set(id, recent);
      const row = this.known.get(id);
      const most = row ? channelKinds[row.kind].perMinute : 60;
      if (recent.length < most) continue;
      full.push(id);
      freeInMs = Math.min(freeInMs, 60_000 - (nowMs - recent[recent.length - most]!));
    }
    return { full, freeInMs };
  }

  private track(row: NotificationRow, work: Promise<void>): void {
    const underWay = this.underWay.get(row.lane)!;
    const done = work
      .catch((error) => {
        if (!(error instanceof DatabaseUnavailableError)) console.error("control: a notification:", error);
      })
      .finally(() => {
        underWay.delete(done);
        this.wakers.get(row.lane)?.();
      });
    underWay.add(done);
  }

  private async attempt(row: NotificationRow): Promise<void> {
    const channel = await this.channelOf(row.channel);
    if (!channel) return;
    try {
      const open = await this.parts.channels.open(channel);
      const { reference } = await within(attemptLimitMs, open.send(row.message));
      await persist(() => noteSent(this.parts.database, row.id, reference));
      await this.noteWorking(channel);
    } catch (error) {
      if (error instanceof DatabaseUnavailableError) throw error;
      await this.failed(row, channel, error);
    }
  }

  /** What became of an attempt that was cut off. */
  private async reconcile(row: NotificationRow): Promise<void> {
    const { database, channels } = this.parts;
    const channel = await this.channelOf(row.channel);
    if (!channel) return;
    const { repeats } = channelKinds[channel.kind];
    try {
      const open = await channels.open(channel);
      const found = await open.find?.(row.message, row.begunAt.getTime());
      if (found) return void (await persist(() => noteSent(database, row.id, found.reference)));
      await persist(() =>
        noteLater(database, row.id, { atMs: Date.now(), mayBeRepeated: repeats === "seen" }),
      );
    } catch (error) {
      if (error instanceof DatabaseUnavailableError) throw error;
      // Asked again: to send it now would be to guess.
      await Bun.sleep(2_000);
      if (!this.stopped && row.attempts++ < 30) return this.reconcile(row);
      await persist(() => noteLater(database, row.id, { atMs: Date.now(), mayBeRepeated: true }));
    } finally {
      this.wakers.get(row.lane)?.();
    }
  }

  private async failed(row: NotificationRow, channel: ChannelRow, error: unknown): Promise<void> {
    const { database, channels } = this.parts;
    const known =
      error instanceof EvenkeelError ? error : new ChannelUnavailableError(channel.name, String(error));
    const isPassing = known instanceof ChannelUnavailableError;
    // A twin has other ports after its restart.
    if (isPassing && channel.sandbox) channels.forget(channel.id);
    const waitMs = isPassing
      ? retryInMs(row.lane, row.attempts, {
          ...{ retryAfterMs: known.retryAfterMs, hasNext: row.chain.length > 0, random: Math.random() },
        })
      : undefined;
    if (waitMs !== undefined) {
      await persist(() =>
        noteLater(database, row.id, { atMs: Date.now() + waitMs, error: errorJson(known) }),
      );
    } else {
      await persist(() => this.giveUp(row, known));
      this.nudge();
    }
    // One 429 is no failure of the channel, and a subscriber's address none of ours.
    const isOurs = isPassing || row.lane !== "subscribers";
    if (isOurs && (waitMs === undefined || row.attempts >= 2)) await this.noteFailing(channel, known);
  }

  /** The next channel takes over, in the same commit. */
  private giveUp(row: NotificationRow, error: EvenkeelError): Promise<void> {
    return this.parts.database.transaction(async (connection) => {
      await noteFailed(connection, row.id, errorJson(error));
      const [next, ...chain] = row.chain;
      if (next === undefined) return;
      const message = { ...row.message, id: `${row.message.id}-${next}`.slice(0, 120) };
      await connection.query(
        `INSERT INTO notifications (dedup_key, channel, incident, lane, message, chain)
         SELECT $1, id, $3, $4, $5, $6 FROM notification_channels WHERE id = $2 ON CONFLICT (dedup_key) DO NOTHING`,
        [`${row.dedupKey}>${next}`, next, row.incident, row.lane, JSON.stringify(message), chain],
      );
    });
  }

  private async noteFailing(channel: ChannelRow, error: EvenkeelError): Promise<void> {
    const failing = { sinceMs: Date.now(), attempts: 1, error: error.message };
    const row = await first(
      this.parts.database.query<{ attempts: number }>(
        `UPDATE notification_channels SET failing = $2::jsonb || CASE WHEN failing IS NULL THEN '{}' ELSE
           jsonb_build_object('sinceMs', failing -> 'sinceMs', 'attempts', (failing ->> 'attempts')::integer + 1) END
         WHERE id = $1 RETURNING (failing ->> 'attempts')::integer AS attempts`,
        [channel.id, JSON.stringify(failing)],
      ),
    );
    this.known.delete(channel.id);
    if (row?.attempts === 1) this.parts.onChannel(channel, error);
  }

  private async noteWorking(channel: ChannelRow): Promise<void> {
    if (!channel.failing) return;
    await this.parts.database.query("UPDATE notification_channels SET failing = NULL WHERE id = $1", [
      channel.id,
    ]);
    this.known.delete(channel.id);
    this.parts.onChannel(channel, undefined);
  }

  private async channelOf(id: string): Promise<ChannelRow | undefined> {
    if (!this.known.has(id)) {
      this.known.clear();
      for (const row of await this.parts.channels.all()) this.known.set(row.id, row);
    }
    return this.known.get(id);
  }
}

/** What was sent is noted, however long the database is away: else it would be sent again. */
async function persist(write: () => Promise<unknown>): Promise<void> {
  for (let delayMs = 100; ; delayMs = Math.min(5_000, delayMs * 2)) {
    try {
      await write();
      return;
    } catch (error) {
      if (!(error instanceof DatabaseUnavailableError)) throw error;
      await Bun.sleep(delayMs);
    }
  }
}

async function within<Result>(limitMs: number, work: Promise<Result>): Promise<Result> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => late.reject(new ChannelUnavailableError("The channel", `no end within ${limitMs / 1_000} s`)),
    limitMs,
  );
  return Promise.race([work, late.promise]).finally(() => clearTimeout(timer));
}
