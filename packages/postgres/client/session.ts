import { Client, type ClientConfig } from "pg";

/** Runs `work` on a connection of its own and closes it. Waits at most 30 s for the server to answer. */
export async function withSession<Result>(
  options: ClientConfig | string,
  work: (client: Client) => Promise<Result>,
): Promise<Result> {
  const config = typeof options === "string" ? { connectionString: options } : options;
  const client = new Client({ connectionTimeoutMillis: 30_000, application_name: "evenkeel", ...config });
  // A connection that breaks fails the query that waits on it; without a listener it would also end the process.
  client.on("error", () => {});
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end().catch(() => {});
  }
}

/** SQLSTATE of an error that the server reported: https://www.postgresql.org/docs/18/errcodes-appendix.html */
export function sqlState(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === "string" && /^[0-9A-Z]{5}$/.test(code) ? code : undefined;
}
