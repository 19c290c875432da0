import type { ErrorJson } from "@evenkeel/model";
import type { Message } from "@evenkeel/notify";
import type { NotificationView } from "../api/contract/index.ts";
import type { Connection } from "../database/connection.ts";

/** What was told of an app's incidents, or of all where `app` is null; newest first. */
export async function listNotificationRows(
  connection: Connection,
  { app, before, limit }: { app: string | null; before?: number | undefined; limit: number },
): Promise<NotificationView[]> {
  const rows = await connection.query<{
    id: number;
    name: string;
    kind: NotificationView["kind"];
    incident: number | null;
    lane: NotificationView["lane"];
    message: Message;
    state: NotificationView["state"];
    attempts: number;
    created_at: Date;
    begun_at: Date | null;
    ended_at: Date | null;
    next_at: Date;
    reference: string | null;
    error: ErrorJson | null;
  }>(
    `SELECT notifications.id, name, kind, incident::integer, lane, message, notifications.state, attempts, notifications.created_at, begun_at, ended_at,
       next_at, reference, error
     FROM notifications JOIN notification_channels ON notification_channels.id = channel LEFT JOIN incidents ON incidents.id = incident
     WHERE ($1::text IS NULL OR incidents.app = $1 OR notification_channels.app = $1) AND ($2::bigint IS NULL OR notifications.id < $2)
     ORDER BY notifications.id DESC LIMIT $3`,
    [app, before ?? null, limit],
  );
  return rows.map((row) => ({
    ...{ id: row.id, channel: row.name, kind: row.kind, lane: row.lane, event: row.message.event },
    ...{ subject: row.message.subject, state: row.state, attempts: row.attempts },
    createdAtMs: row.created_at.getTime(),
    ...(row.incident !== null && { incident: row.incident }),
    ...(row.begun_at && { begunAtMs: row.begun_at.getTime() }),
    ...(row.ended_at && { endedAtMs: row.ended_at.getTime() }),
    ...(row.state === "queued" && { nextAtMs: row.next_at.getTime() }),
    ...(row.reference !== null && { reference: row.reference }),
    ...(row.error && { error: { code: row.error.code, message: row.error.message } }),
    ...(row.message.mayBeRepeated && { mayBeRepeated: true as const }),
  }));
}
