import { Client, type ClientConfig } from "pg";
import { sqlState } from "../client/session.ts";

/** The server starts, stops or recovers: it answers, but takes no work. */
const cannotConnectNow = "57P03";

/**
 * Whether a primary takes work: it answers a query within `limitMs` and is in no recovery. One that says that all its connections are taken does, too:
 * it has work.
 */
export async function primaryAnswers(primary: ClientConfig, limitMs: number): Promise<boolean> {
  const client = new Client({
    ...primary,
    application_name: "evenkeel_check",
    connectionTimeoutMillis: limitMs,
    query_timeout: limitMs,
  });
  client.on("error", () => {});
  try {
    await client.connect();
    const { rows } = await client.query("SELECT pg_is_in_recovery() AS standby");
    return rows[0].standby === false;
  } catch (error) {
    const state = sqlState(error);
    return state !== undefined && state !== cannotConnectNow;
  } finally {
    // A server that hangs answers no farewell either.
    void client.end().catch(() => {});
  }
}
