import { effectiveFlagSet, type FlagOverrides, type FlagSet } from "@evenkeel/flags";
import type { AppEnvironment, ServedFlags } from "@evenkeel/model";
import type { FlagAction, FlagVersion } from "../api/contract/index.ts";
import { type Connection, first } from "../database/connection.ts";
import { readModeNow, withMode } from "../modes/mode-flags.ts";

/** What counts for an app environment. */
export interface FlagState {
  /** 0: nothing was ever declared. */
  version: number;
  declared: FlagSet;
  overrides: FlagOverrides;
}

const nothing: FlagState = { version: 0, declared: { flags: {} }, overrides: {} };

/** The newest state, or that of an earlier version; undefined where there is no such version. */
export async function readFlags(
  connection: Connection,
  { app, environment }: AppEnvironment,
  version?: number,
): Promise<FlagState | undefined> {
  const row = await first(
    connection.query<FlagState & Record<string, unknown>>(
      `SELECT version, declared, overrides FROM flag_versions
       WHERE app = $1 AND environment = $2 AND ($3::integer IS NULL OR version = $3) ORDER BY version DESC LIMIT 1`,
      [app, environment, version ?? null],
    ),
  );
  return row ?? (version === undefined ? nothing : undefined);
}

export interface FlagChange {
  action: FlagAction;
  declared: FlagSet;
  overrides: FlagOverrides;
  detail: Record<string, unknown>;
  who: string;
}

/** The caller holds the environment's row. @returns what edges are to serve from now on */
export async function appendFlags(
  connection: Connection,
  owner: AppEnvironment,
  { action, declared, overrides, detail, who }: FlagChange,
): Promise<ServedFlags> {
  const { app, environment } = owner;
  const [row] = await connection.query<{ version: number }>(
    `INSERT INTO flag_versions (app, environment, version, action, declared, overrides, detail, created_by)
     SELECT $1, $2, 1 + coalesce(max(version), 0), $3, $4, $5, $6, $7 FROM flag_versions
     WHERE app = $1 AND environment = $2 RETURNING version`,
    [
      ...[app, environment, action, JSON.stringify(declared), JSON.stringify(overrides)],
      ...[JSON.stringify(detail), who],
    ],
  );
  const now = await readModeNow(connection, owner);
  return {
    app,
    environment,
    version: row!.version,
    set: withMode(effectiveFlagSet(declared, overrides), now),
  };
}

export async function flagHistory(
  connection: Connection,
  { app, environment }: AppEnvironment,
  page: { before?: number | undefined; limit: number },
): Promise<FlagVersion[]> {
  const rows = await connection.query<{
    version: number;
    action: FlagAction;
    detail: Record<string, unknown>;
    created_at: Date;
    created_by: string;
  }>(
    `SELECT version, action, detail, created_at, created_by FROM flag_versions
     WHERE app = $1 AND environment = $2 AND ($3::integer IS NULL OR version < $3) ORDER BY version DESC LIMIT $4`,
    [app, environment, page.before ?? null, page.limit],
  );
  return rows.map(({ version, action, detail, created_at, created_by }) => ({
    ...{ version, action, detail, createdBy: created_by },
    createdAtMs: created_at.getTime(),
  }));
}
