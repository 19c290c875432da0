import { applyServingEntry, type ServingChange, type ServingEntry, type ServingState } from "@evenkeel/model";
import type { Connection } from "../database/connection.ts";
import type { Database } from "../database/database.ts";

/** Versions that stay readable one by one for subscribers that were away. */
const keptVersions = 2_000;

/**
 * Appends the changes of one transaction as the next version. The head stays locked until the transaction ends, so call it
 * last: versions have no gaps, and whoever sees version n can see all before it.
 */
export async function appendServingEntry(
  connection: Connection,
  changes: ServingChange[],
): Promise<ServingEntry> {
  const [row] = await connection.query<{ version: number }>(
    `WITH head AS (UPDATE serving_head SET version = version + 1 RETURNING version)
     INSERT INTO serving_versions (version, changes) SELECT version, $1 FROM head RETURNING version`,
    [JSON.stringify(changes)],
  );
  return { version: row!.version, changes };
}

export async function entriesAfter(connection: Connection, version: number): Promise<ServingEntry[]> {
  return connection.query<{ version: number; changes: ServingChange[] }>(
    "SELECT version, changes FROM serving_versions WHERE version > $1 ORDER BY version",
    [version],
  );
}

export interface LoadedServing {
  state: ServingState;
  /** The last ones, oldest first; they end at the state's version. */
  entries: ServingEntry[];
}

/** In one transaction: a snapshot that is moved meanwhile would leave a gap. */
export function loadServing(database: Database): Promise<LoadedServing> {
  return database.transaction(async (connection) => {
    const [snapshot] = await connection.query<{ state: ServingState }>(
      "SELECT state FROM serving_snapshot FOR SHARE",
    );
    const state = snapshot!.state;
    const entries = await entriesAfter(connection, 0);
    for (const entry of entries) applyServingEntry(state, entry);
    return { state, entries };
  });
}

/** Moves the snapshot forward to `keptVersions` before the head and drops the versions that it then contains. */
export function compactServing(database: Database, kept = keptVersions): Promise<number> {
  return database.transaction(async (connection) => {
    const [snapshot] = await connection.query<{ state: ServingState }>(
      "SELECT state FROM serving_snapshot FOR UPDATE",
    );
    const state = snapshot!.state;
    const dropped = await connection.query<{ version: number; changes: ServingChange[] }>(
      `DELETE FROM serving_versions WHERE version <= (SELECT version - $1 FROM serving_head)
       RETURNING version, changes`,
      [kept],
    );
    if (dropped.length === 0) return 0;
    for (const entry of dropped.sort((a, b) => a.version - b.version)) applyServingEntry(state, entry);
    await connection.query("UPDATE serving_snapshot SET version = $1, state = $2", [
      state.version,
      JSON.stringify(state),
    ]);
    return dropped.length;
  });
}
