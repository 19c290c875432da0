import { readdir, readFile } from "node:fs/promises";
import postgres from "postgres";

const given = process.env["TEST_DATABASE_URL"];
if (!given) {
  throw new Error(
    "TEST_DATABASE_URL is not set. It names a PostgreSQL database whose schema `public` the tests may empty, with a role that does not bypass row-level security",
  );
}

Object.assign(process.env, {
  DATABASE_URL: given,
  VAPI_API_KEY: "key-of-the-tests-0123456789",
  VAPI_BASE_URL: process.env["VAPI_BASE_URL"] ?? "http://127.0.0.1:1",
  WEBHOOK_SHARED_SECRET: "secret-of-the-tests-0123456789-0123456789",
  CRON_SHARED_SECRET: "cron-secret-of-the-tests-0123456789",
  FIRST_ADMIN_EMAIL: "olga@example.com",
  SETUP_TOKEN: "set-up-token-of-the-tests-012345",
  PUBLIC_URL: "https://autolynx.example",
  LOG_LEVEL: process.env["LOG_LEVEL"] ?? "error",
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
