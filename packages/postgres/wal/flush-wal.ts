import type { Client } from "pg";

/**
 * Brings all WAL so far to the server's disk. A restore point alone is only in memory, and would reach disk and archive with the next
 * commit; a message to nobody does it now.
 */
export async function flushWal(client: Client): Promise<void> {
  await client.query("SELECT pg_logical_emit_message(false, 'evenkeel', '', true)");
}
