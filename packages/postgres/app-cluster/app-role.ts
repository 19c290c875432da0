import type { Client } from "pg";
import { scramVerifier, verifiesPassword } from "./scram-verifier.ts";

/** The app's role and its database bear the same name in every cluster. */
export const appRole = "app";
export const appDatabase = "app";

/**
 * Brings the app's role and database to the wanted state; changes nothing that is right already. The role owns its
 * database and with it the schema `public`, and may install trusted extensions; it is no superuser, cannot make roles or
 * databases, and cannot read the platform's database `postgres`.
 *
 * @param client the superuser's, on the database `postgres`.
 * @returns whether the database was made.
 */
export async function ensureAppRole(
  client: Client,
  wanted: { password: string; connectionLimit: number },
): Promise<boolean> {
  // In zero-loss mode a commit waits for the archive's receiver, which starts after us.
  await client.query("SET synchronous_commit = local");
  const { rows } = await client.query<{ rolpassword: string | null; rolconnlimit: number }>(
    "SELECT rolpassword, rolconnlimit FROM pg_authid WHERE rolname = $1",
    [appRole],
  );
  if (rows.length === 0) await client.query(`CREATE ROLE ${appRole} LOGIN`);
  if (!verifiesPassword(rows[0]?.rolpassword ?? null, wanted.password)) {
    await client.query(`ALTER ROLE ${appRole} PASSWORD '${scramVerifier(wanted.password)}'`);
  }
  if (rows[0]?.rolconnlimit !== wanted.connectionLimit) {
    await client.query(`ALTER ROLE ${appRole} CONNECTION LIMIT ${Math.trunc(wanted.connectionLimit)}`);
  }
  return ensureAppDatabase(client);
}

async function ensureAppDatabase(client: Client): Promise<boolean> {
  const { rowCount } = await client.query("SELECT FROM pg_database WHERE datname = $1", [appDatabase]);
  if (rowCount === 1) return false;
  // Closed to the app before its database exists: the check above then means that both are done.
  await client.query("REVOKE CONNECT ON DATABASE postgres, template1 FROM PUBLIC");
  await client.query("CREATE EXTENSION IF NOT EXISTS pg_stat_statements");
  // By copying files: through the buffers it would touch all of them, 14 MB that an idle cluster then keeps.
  await client.query(`CREATE DATABASE ${appDatabase} OWNER ${appRole} STRATEGY FILE_COPY`);
  return true;
}
