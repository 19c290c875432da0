import type { Connection } from "../database/connection.ts";

export interface SeenScheduler {
  id: string;
  /** -1: it has runs under way and no row, as it was held for dead and then went on for a moment. */
  beats: number;
}

/** Counts on for `id`, whose row is written anew where another held it for dead. @returns the counts of all others */
export async function beat(connection: Connection, id: string): Promise<SeenScheduler[]> {
  await connection.query(
    "INSERT INTO schedulers (id) VALUES ($1) ON CONFLICT (id) DO UPDATE SET beats = schedulers.beats + 1",
    [id],
  );
  return connection.query<SeenScheduler>(
    `SELECT id, beats FROM schedulers WHERE id <> $1
     UNION SELECT scheduler, -1 FROM schedule_runs WHERE state = 'running' AND scheduler NOT IN (SELECT id FROM schedulers)`,
    [id],
  );
}

/** Takes away the row of one whose count still is as it was seen. @returns whether its runs are free */
export async function buryScheduler(connection: Connection, { id, beats }: SeenScheduler): Promise<boolean> {
  if (beats < 0) return true;
  const buried = await connection.query("DELETE FROM schedulers WHERE id = $1 AND beats = $2 RETURNING 1", [
    id,
    beats,
  ]);
  return buried.length > 0;
}

export async function removeScheduler(connection: Connection, id: string): Promise<void> {
  await connection.query("DELETE FROM schedulers WHERE id = $1", [id]);
}
