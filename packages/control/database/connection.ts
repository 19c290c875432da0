import type { QueryResultRow } from "pg";
import type { Change } from "../events/change.ts";

/** Where statements run: the pool, or one transaction. */
export interface Connection {
  /**
   * Runs one statement; parameters stand as `$1`, `$2`, …
   *
   * @throws DatabaseUnavailableError while the database cannot be reached; `pg`'s DatabaseError for what it refuses
   */
  query<Row extends QueryResultRow>(text: string, parameters?: unknown[]): Promise<Row[]>;
  /** Tells viewers of a change once it is committed, and not if it is rolled back; outside of a transaction at once. */
  publish(change: Change): void;
}

/** The first row, for statements that give one or none. */
export async function first<Row extends QueryResultRow>(rows: Promise<Row[]>): Promise<Row | undefined> {
  return (await rows)[0];
}
