import type { AppName } from "@evenkeel/model";
import type { AuditEntry } from "../api/contract/index.ts";
import type { Connection } from "../database/connection.ts";
import { changeOfAction } from "../events/change.ts";

export interface AuditRecord {
  who: string;
  action: string;
  app?: string;
  object?: string;
  /** Never a secret. */
  detail?: Record<string, unknown>;
}

/** Part of the transaction that it tells of: what is done is on record, and only that. */
export async function record(connection: Connection, entry: AuditRecord): Promise<void> {
  await connection.query(
    "INSERT INTO audit_log (who, action, app, object, detail) VALUES ($1, $2, $3, $4, $5)",
    [
      entry.who,
      entry.action,
      entry.app ?? null,
      entry.object ?? null,
      entry.detail ? JSON.stringify(entry.detail) : null,
    ],
  );
  connection.publish(changeOfAction(entry));
}

export async function listAudit(
  connection: Connection,
  filter: { app?: AppName; before?: number; limit: number },
): Promise<AuditEntry[]> {
  const rows = await connection.query<{
    id: number;
    at: Date;
    who: string;
    action: string;
    app: AppName | null;
    object: string | null;
    detail: Record<string, unknown> | null;
  }>(
    `SELECT id, at, who, action, app, object, detail FROM audit_log
     WHERE ($1::text IS NULL OR app = $1) AND ($2::bigint IS NULL OR id < $2) ORDER BY id DESC LIMIT $3`,
    [filter.app ?? null, filter.before ?? null, filter.limit],
  );
  return rows.map(({ id, at, who, action, app, object, detail }) => ({
    id,
    atMs: at.getTime(),
    who,
    action,
    ...(app === null ? {} : { app }),
    ...(object === null ? {} : { object }),
    ...(detail === null ? {} : { detail }),
  }));
}
