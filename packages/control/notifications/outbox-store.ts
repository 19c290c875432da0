import type { ErrorJson } from "@evenkeel/model";
import type { Message } from "@evenkeel/notify";
import type { Connection } from "../database/connection.ts";

export const lanes = ["page", "team", "subscribers"] as const;
export type Lane = (typeof lanes)[number];

export interface NewNotification {
  /** One row for each. */
  dedupKey: string;
  channel: string;
  incident?: number | undefined;
  lane: Lane;
  message: Message;
  /** Channels that take over. */
  chain?: string[];
  /** Not before. */
  atMs?: number;
}

export interface NotificationRow {
  id: number;
  dedupKey: string;
  channel: string;
  incident: number | null;
  lane: Lane;
  message: Message;
  chain: string[];
  attempts: number;
  begunAt: Date;
}

const columns = `id, dedup_key AS "dedupKey", channel, incident::integer, lane, message, chain, attempts, begun_at AS "begunAt"`;

/** @returns false where it is told already */
export async function queueNotification(connection: Connection, row: NewNotification): Promise<boolean> {
  const rows = await connection.query(
    `INSERT INTO notifications (dedup_key, channel, incident, lane, message, chain, next_at)
     VALUES ($1, $2, $3, $4, $5, $6, coalesce($7, now())) ON CONFLICT (dedup_key) DO NOTHING RETURNING 1`,
    [
      ...[row.dedupKey, row.channel, row.incident ?? null, row.lane, JSON.stringify(row.message)],
      ...[row.chain ?? [], row.atMs === undefined ? null : new Date(row.atMs)],
    ],
  );
  return rows.length > 0;
}

/** Begins the oldest that are due, but those of channels that are busy. They are `sending` before anything is sent. */
export const beginDue = (
  connection: Connection,
  lane: Lane,
  most: number,
  busy: readonly string[],
): Promise<NotificationRow[]> =>
  connection.query<NotificationRow & Record<string, unknown>>(
    `UPDATE notifications SET state = 'sending', begun_at = clock_timestamp(), attempts = attempts + 1 WHERE id IN (
       SELECT id FROM notifications WHERE lane = $1 AND state = 'queued' AND next_at <= now() AND channel <> ALL ($3)
       ORDER BY next_at, id LIMIT $2 FOR UPDATE SKIP LOCKED) RETURNING ${columns}`,
    [lane, most, busy],
  );

/** Begun by a control plane that is no more. */
export const begunBefore = (connection: Connection): Promise<NotificationRow[]> =>
  connection.query<NotificationRow & Record<string, unknown>>(
    `SELECT ${columns} FROM notifications WHERE state = 'sending' ORDER BY lane, id`,
  );

export const nextDueMs = async (connection: Connection, lane: Lane): Promise<number | undefined> => {
  const [row] = await connection.query<{ at: Date | null }>(
    "SELECT min(next_at) AS at FROM notifications WHERE lane = $1 AND state = 'queued'",
    [lane],
  );
  return row?.at?.getTime();
};

export const noteSent = (
  connection: Connection,
  id: number,
  reference: string | undefined,
): Promise<unknown> =>
  connection.query(
    "UPDATE notifications SET state = 'sent', ended_at = clock_timestamp(), reference = $2, error = NULL WHERE id = $1",
    [id, reference ?? null],
  );

export const noteLater = (
  connection: Connection,
  id: number,
  { atMs, error, mayBeRepeated = false }: { atMs: number; error?: ErrorJson; mayBeRepeated?: boolean },
): Promise<unknown> =>
  connection.query(
    `UPDATE notifications SET state = 'queued', next_at = $2, error = coalesce($3, error),
       message = CASE WHEN $4 THEN message || '{"mayBeRepeated": true}' ELSE message END WHERE id = $1`,
    [id, new Date(atMs), error ? JSON.stringify(error) : null, mayBeRepeated],
  );

export const noteFailed = (connection: Connection, id: number, error: ErrorJson): Promise<unknown> =>
  connection.query(
    "UPDATE notifications SET state = 'failed', ended_at = clock_timestamp(), error = $2 WHERE id = $1",
    [id, JSON.stringify(error)],
  );
