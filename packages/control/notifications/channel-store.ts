import type { AppName } from "@evenkeel/model";
import type { ChannelKindName } from "@evenkeel/notify";
import type { Connection } from "../database/connection.ts";

export interface ChannelRow {
  id: string;
  app: AppName | null;
  name: string;
  kind: ChannelKindName;
  person: string | null;
  sealed: Buffer;
  sandbox: { app: AppName; environment: string } | null;
  isLocal: boolean;
  template: string | null;
  fallback: string | null;
  createdAt: Date;
  createdBy: string;
  failing: ChannelFailure | null;
}

export interface ChannelFailure {
  sinceMs: number;
  attempts: number;
  error: string;
}

const columns = `id, app, name, kind, person, sealed, sandbox, is_local AS "isLocal", template, fallback, created_at AS "createdAt",
  created_by AS "createdBy", failing`;

/** Of an app, before those of the whole platform; of the platform alone where `app` is null. */
export const channelsOf = (connection: Connection, app: string | null): Promise<ChannelRow[]> =>
  connection.query<ChannelRow & Record<string, unknown>>(
    `SELECT ${columns} FROM notification_channels WHERE (app IS NULL OR app = $1) AND NOT is_subscriber ORDER BY app IS NULL, created_at, name`,
    [app],
  );

export const allChannels = (connection: Connection): Promise<ChannelRow[]> =>
  connection.query<ChannelRow & Record<string, unknown>>(
    `SELECT ${columns} FROM notification_channels ORDER BY app NULLS FIRST, created_at, name`,
  );

/** What its settings are sealed for. */
export const channelSealedFor = ({ app, id }: Pick<ChannelRow, "app" | "id">) =>
  ({ app: app ?? ("_platform" as AppName), environment: "production", name: `channel ${id}` }) as const;

export async function insertChannel(
  connection: Connection,
  row: Omit<ChannelRow, "createdAt" | "failing">,
): Promise<boolean> {
  const rows = await connection.query(
    `INSERT INTO notification_channels (id, app, name, kind, person, sealed, sandbox, is_local, template, fallback, created_by)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT DO NOTHING RETURNING 1`,
    [
      ...[row.id, row.app, row.name, row.kind, row.person, row.sealed],
      ...[
        row.sandbox ? JSON.stringify(row.sandbox) : null,
        row.isLocal,
        row.template,
        row.fallback,
        row.createdBy,
      ],
    ],
  );
  return rows.length > 0;
}
