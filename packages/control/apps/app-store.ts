import { type AppName, productionHost, randomId } from "@evenkeel/model";
import type { AppSettings } from "../api/contract/index.ts";
import { type Connection, first } from "../database/connection.ts";
import { AppUnknownError, HostTakenError } from "../errors.ts";

export interface AppRow {
  name: AppName;
  id: string;
  settings: AppSettings;
  createdAt: Date;
}

const columns = `name, id, settings, created_at AS "createdAt"`;

/** @throws AppUnknownError */
export async function getApp(connection: Connection, name: AppName): Promise<AppRow> {
  const app = await first(connection.query<AppRow>(`SELECT ${columns} FROM apps WHERE name = $1`, [name]));
  if (!app) throw new AppUnknownError(name);
  return app;
}

export const listApps = (connection: Connection, only?: AppName[]): Promise<AppRow[]> =>
  connection.query<AppRow>(
    `SELECT ${columns} FROM apps WHERE $1::text[] IS NULL OR name = ANY ($1) ORDER BY name`,
    [only ?? null],
  );

/**
 * Inserts the app with its environments and claims its production host; false if it is there already.
 *
 * @throws HostTakenError when the host is another app's, such as the deployment `c3d4e5f6g` of `shop` for an app `shop-c3d4e5f6g`
 */
export async function insertApp(
  connection: Connection,
  name: AppName,
  { who, domain }: { who: string; domain: string },
): Promise<boolean> {
  const inserted = await connection.query(
    "INSERT INTO apps (name, id, created_by) VALUES ($1, $2, $3) ON CONFLICT (name) DO NOTHING RETURNING 1",
    [name, randomId(12), who],
  );
  if (inserted.length === 0) return false;
  await connection.query(
    "INSERT INTO environments (app, name) SELECT $1, unnest(ARRAY['production', 'staging', 'preview', 'development'])",
    [name],
  );
  const host = productionHost(name, domain);
  const claimed = await connection.query(
    `INSERT INTO aliases (host, app, kind, created_by) VALUES ($1, $2, 'production', $3)
     ON CONFLICT (host) DO NOTHING RETURNING 1`,
    [host, name, who],
  );
  if (claimed.length === 0) throw new HostTakenError(host);
  return true;
}

/** Settings that are `null` are taken back. */
export async function updateSettings(
  connection: Connection,
  name: AppName,
  change: AppSettings,
): Promise<void> {
  const rows = await connection.query(
    "UPDATE apps SET settings = jsonb_strip_nulls(settings || $2) WHERE name = $1 RETURNING 1",
    [name, JSON.stringify(change)],
  );
  if (rows.length === 0) throw new AppUnknownError(name);
}
