// For hosts that do not run migrations themselves: `npm run migrate` with DIRECT_URL (or DATABASE_URL) set. Where the migrating role is another one than
// the app's, APP_ROLE names that of the app, and gets what it needs.
import { readdir, readFile } from "node:fs/promises";
import postgres from "postgres";

const url = process.env["DIRECT_URL"] ?? process.env["DATABASE_URL"];
if (!url) throw new Error("Neither DIRECT_URL nor DATABASE_URL is set");
const sql = postgres(url, { max: 1, onnotice: () => {} });
const folder = new URL("../migrations/", import.meta.url);
await sql`CREATE TABLE IF NOT EXISTS schema_migrations (name text PRIMARY KEY, run_at timestamptz NOT NULL DEFAULT now())`;
for (const name of (await readdir(folder)).filter((file) => file.endsWith(".sql")).sort()) {
  const text = await readFile(new URL(name, folder), "utf8");
  const ran = await sql.begin(async (transaction) => {
    // Two deployments at once run one after the other.
    await transaction`SELECT pg_advisory_xact_lock(74627001)`;
    const [known] = await transaction`SELECT 1 FROM schema_migrations WHERE name = ${name}`;
    if (known) return false;
    await transaction.unsafe(text);
    await transaction`INSERT INTO schema_migrations (name) VALUES (${name})`;
    return true;
  });
  if (ran) console.log(`Ran ${name}`);
}
const role = process.env["APP_ROLE"];
if (role) {
  await sql`GRANT USAGE ON SCHEMA public TO ${sql(role)}`;
  await sql`GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO ${sql(role)}`;
  await sql`GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO ${sql(role)}`;
  // Partitions of a month are made as the owner, also when the app asks for them.
  await sql`ALTER FUNCTION open_partition(text, date) SECURITY DEFINER`;
}
await sql.end();
