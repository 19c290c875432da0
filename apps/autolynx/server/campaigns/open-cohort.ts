import { inDirectory } from "../database.ts";

const tables = ["contacts", "calls", "call_events", "ledger"];

/**
 * Makes the partitions of a month where they are missing: each in a transaction of its own, since it waits for everybody who works with the table, and
 * whoever waits while holding another table waits for ever.
 *
 * @param months from this one
 */
export async function openCohort(months: number): Promise<void> {
  const missing = await inDirectory(
    (tx) => tx<{ table: string; month: string }[]>`
      SELECT t AS table, m.month FROM unnest(${tables}::text[]) t,
        (SELECT (date_trunc('month', now()) + make_interval(months => ${months}))::date AS month) m
      WHERE to_regclass(t || '_' || to_char(m.month, 'YYYY_MM')) IS NULL`,
  );
  for (const { table, month } of missing)
    await inDirectory((tx) => tx`SELECT open_partition(${table}, ${month}::date)`);
}
