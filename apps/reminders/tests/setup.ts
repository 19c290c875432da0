import { readdir, readFile } from "node:fs/promises";
import postgres from "postgres";

const given = process.env["TEST_DATABASE_URL"];
if (!given) {
  throw new Error(
    "TEST_DATABASE_URL is not set. It names a PostgreSQL database whose schema `public` the tests may empty",
  );
}

Object.assign(process.env, {
  DATABASE_URL: given,
  TWILIO_ACCOUNT_SID: `AC${"0".repeat(32)}`,
  TWILIO_AUTH_TOKEN: "token-of-the-tests-0123456789",
  TWILIO_PHONE_NUMBER: "+15005550006",
  CRON_SECRET: "secret-of-the-tests-0123456789",
  SETUP_TOKEN: "set-up-token-of-the-tests-012345",
  PUBLIC_URL: "https://reminders.example",
});

/** An empty database with this app's schema. */
export async function emptyDatabase(): Promise<void> {
  const sql = postgres(given!, { max: 1, onnotice: () => {} });
  const folder = new URL("../migrations/", import.meta.url);
  const files = (await readdir(folder)).filter((name) => name.endsWith(".sql")).sort();
  const texts = await Promise.all(files.map((name) => readFile(new URL(name, folder), "utf8")));
  await sql.unsafe(`DROP SCHEMA IF EXISTS public CASCADE; CREATE SCHEMA public; ${texts.join("\n")}`);
  await sql.end();
}
