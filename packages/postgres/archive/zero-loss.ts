import type { ClientConfig } from "pg";
import { withSession } from "../client/session.ts";
import { archiveSlot } from "./wal-receiver.ts";

/** Two that change the setting at once would undo each other; any number that nobody else uses. */
const settingLock = 8_318_271;

/**
 * Lets commits wait until the archive's receiver has them on disk, or no longer. The setting stays over restarts of
 * the server: a cluster that was told to lose nothing does not begin to by being restarted.
 */
export const setZeroLoss = (connection: ClientConfig, on: boolean): Promise<void> =>
  setSynchronous(connection, archiveSlot, on);

/**
 * Lets commits wait until the receiver of this name has them on disk, beside those that they wait for already, or no longer.
 * https://www.postgresql.org/docs/18/runtime-config-replication.html#GUC-SYNCHRONOUS-STANDBY-NAMES
 */
export async function setSynchronous(connection: ClientConfig, name: string, on: boolean): Promise<void> {
  await withSession(connection, async (client) => {
    await client.query("SELECT pg_advisory_lock($1)", [settingLock]);
    // As on disk: a change that this session has not heard of yet counts.
    const { rows } = await client.query(
      `SELECT coalesce((SELECT setting FROM pg_file_settings
         WHERE name = 'synchronous_standby_names' AND error IS NULL ORDER BY seqno DESC LIMIT 1), '') AS names`,
    );
    const present = synchronousNames(rows[0].names);
    const wanted = new Set(present);
    if (on) wanted.add(name);
    else wanted.delete(name);
    if (wanted.size === present.length) return;
    await client.query(
      wanted.size === 0
        ? "ALTER SYSTEM RESET synchronous_standby_names"
        : `ALTER SYSTEM SET synchronous_standby_names = '${synchronousSetting([...wanted])}'`,
    );
    await client.query("SELECT pg_reload_conf()");
  });
}

/** Of a setting as `synchronousSetting` writes it. */
export const synchronousNames = (setting: string): string[] =>
  setting.replace(/^FIRST \d+ /, "").match(/\w+/g) ?? [];

/** All of them are waited for. */
export const synchronousSetting = (names: string[]): string =>
  names.length < 2 ? names.join() : `FIRST ${names.length} (${[...names].sort().join(", ")})`;
