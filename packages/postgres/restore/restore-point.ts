import type { ClientConfig } from "pg";
import type { Archive } from "../archive/archive.ts";
import { withSession } from "../client/session.ts";
import { ObjectMissingError, RecoveryTargetError } from "../errors.ts";
import { flushWal } from "../wal/flush-wal.ts";

/** A named point. The timeline is kept with it: an LSN alone means different rows on different timelines. */
export interface RestorePoint {
  name: string;
  timeline: number;
  lsn: string;
  timeMs: number;
}

const objectOf = (name: string): string => `points/${encodeURIComponent(name)}`;

/**
 * Marks the present state under a name, for `restore --to NAME`. It can be restored to when the archive has come to it.
 *
 * @param name 1 to 63 characters, not used before in this archive; not a number, a time or `latest`.
 */
export async function createRestorePoint(
  connection: ClientConfig,
  archive: Archive,
  name: string,
): Promise<RestorePoint> {
  const row = await withSession(connection, async (client) => {
    const { rows } = await client.query(
      `SELECT pg_create_restore_point($1) AS lsn, floor(extract(epoch FROM clock_timestamp()) * 1000) AS ms,
              (SELECT timeline_id FROM pg_control_checkpoint()) AS timeline`,
      [name],
    );
    await flushWal(client);
    return rows[0];
  });
  const point = { name, timeline: row.timeline, lsn: row.lsn, timeMs: Number(row.ms) };
  await archive.create(objectOf(name), Buffer.from(JSON.stringify(point)));
  return point;
}

/** @throws RecoveryTargetError when there is none of this name. */
export async function readRestorePoint(archive: Archive, name: string): Promise<RestorePoint> {
  try {
    return await archive.readJson<RestorePoint>(objectOf(name));
  } catch (error) {
    if (!(error instanceof ObjectMissingError)) throw error;
    const known = (await archive.list("points/")).map(({ key }) =>
      decodeURIComponent(key.slice("points/".length)),
    );
    throw new RecoveryTargetError(`There is no restore point "${name}"`, {
      hint: known.length > 0 ? `There are: ${known.slice(-10).join(", ")}.` : "None has been made yet.",
    });
  }
}
