import { availableParallelism } from "node:os";
import type { Client } from "pg";
import { changeOrders } from "./order-table.ts";

/** Threads of ours and processes of the peer: as many as Evenkeel takes by itself. */
export const workerCount: number = Math.min(4, availableParallelism());

/** Rows changed for each MB of the database before the moment that is restored to; as much comes after it. */
const changesPerMb = 10;

/** What a server that was restored to the moment has to answer. */
export const markQuery = "SELECT count(*)::int AS rows, max(note) AS note FROM marks";

/** Writes beside the backup, then a moment, then more. @returns the moment, with microseconds and zone */
export async function writeAroundMoment(client: Client, sizeMb: number): Promise<string> {
  const count = sizeMb * changesPerMb;
  await client.query("CREATE TABLE marks (note text)");
  await changeOrders(client, count, sizeMb);
  await client.query("INSERT INTO marks VALUES ('before')");
  const { rows } = await client.query(
    "SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US') || '+00' AS moment",
  );
  await client.query("INSERT INTO marks VALUES ('too late')");
  await changeOrders(client, count, sizeMb);
  return rows[0].moment;
}
