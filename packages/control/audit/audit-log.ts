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

export interface AuditFilter {
  app?: string | undefined;
  who?: string | undefined;
  /** Or the beginning of one: `release` finds `release.rollback`. */
  action?: string | undefined;
  /** In any part of an entry. */
  text?: string | undefined;
  sinceMs?: number | undefined;
  untilMs?: number | undefined;
  before?: number | undefined;
}

interface AuditRow extends Record<string, unknown> {
  id: number;
  at: Date;
  who: string;
  action: string;
  app: AppName | null;
  object: string | null;
  detail: Record<string, unknown> | null;
  hash: Buffer | null;
}

/** Newest first. */
export async function listAudit(
  connection: Connection,
  { limit, ...filter }: AuditFilter & { limit: number },
): Promise<AuditEntry[]> {
  const at = (ms: number | undefined) => (ms === undefined ? null : new Date(ms));
  const rows = await connection.query<AuditRow>(
    `SELECT audit_log.*, hash FROM audit_log LEFT JOIN audit_chain ON entry = id
     WHERE ($1::text IS NULL OR app = $1) AND ($2::bigint IS NULL OR id < $2) AND ($3::text IS NULL OR who = $3)
       AND ($4::text IS NULL OR action LIKE $4) AND ($5::timestamptz IS NULL OR at >= $5) AND ($6::timestamptz IS NULL OR at < $6)
       AND ($7::text IS NULL OR concat_ws(' ', who, action, app, object, detail) ILIKE $7)
     ORDER BY id DESC LIMIT $8`,
    [
      ...[filter.app ?? null, filter.before ?? null, filter.who ?? null],
      ...[
        filter.action === undefined ? null : `${pattern(filter.action)}%`,
        at(filter.sinceMs),
        at(filter.untilMs),
      ],
      ...[filter.text === undefined ? null : `%${pattern(filter.text)}%`, limit],
    ],
  );
  return rows.map(view);
}

const exportRows = 1_000;

/** All of it, oldest first, as it was when the export began. */
export async function* exportAudit(connection: Connection): AsyncGenerator<AuditEntry> {
  const [{ last } = { last: 0 }] = await connection.query<{ last: number }>(
    "SELECT coalesce(max(position), 0) AS last FROM audit_chain",
  );
  for (let after = 0; after < last; after += exportRows) {
    const rows = await connection.query<AuditRow>(
      `SELECT audit_log.*, hash FROM audit_chain JOIN audit_log ON id = entry
       WHERE position > $1 AND position <= $2 ORDER BY position`,
      [after, Math.min(last, after + exportRows)],
    );
    for (const row of rows) yield view(row);
  }
}

const pattern = (text: string): string => text.replace(/[\\%_]/g, "\\$&");

const view = ({ id, at, who, action, app, object, detail, hash }: AuditRow): AuditEntry => ({
  ...{ id, atMs: at.getTime(), who, action },
  ...(app === null ? {} : { app }),
  ...(object === null ? {} : { object }),
  ...(detail === null ? {} : { detail }),
  ...(hash === null ? {} : { hash: hash.toString("hex") }),
});
