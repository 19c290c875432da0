// `npm run archive -- 2026-01 FILE`: writes a month's contacts, calls, events and ledger to FILE (gzip, one JSON row a line, each with its table), keeps
// each campaign's summary, and drops the month's partitions. Refused while any of its campaigns is not over. With a role that owns the tables.
import { createWriteStream } from "node:fs";
import { open, rename } from "node:fs/promises";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import postgres from "postgres";
import { summaryOf } from "../server/results/summary.ts";

const [month, file] = process.argv.slice(2);
if (!/^\d{4}-(0[1-9]|1[0-2])$/.test(month ?? "") || !file) {
  console.error("Usage: npm run archive -- 2026-01 FILE.jsonl.gz");
  process.exit(2);
}
const url = process.env["DIRECT_URL"] ?? process.env["DATABASE_URL"];
if (!url) throw new Error("Neither DIRECT_URL nor DATABASE_URL is set");
const bigint = { to: 20, from: [20], serialize: String, parse: Number };
const date = { to: 1082, from: [1082], serialize: String, parse: (day: string) => day };
const sql = postgres(url, { max: 2, prepare: false, onnotice: () => {}, types: { bigint, date } });
const cohort = `${month}-01`;
const suffix = month!.replace("-", "_");
const tables = ["contacts", "calls", "call_events", "ledger"] as const;

const organisations = await sql.begin(async (tx) => {
  await tx`SELECT set_config('autolynx.scope', 'directory', true)`;
  return tx<{ id: string }[]>`SELECT id FROM organisations`;
});
let unfinished = 0;
const rows = async function* () {
  for (const { id } of organisations) {
    const reading = await sql.reserve();
    try {
      await reading`SELECT set_config('autolynx.organisation', ${id}, false)`;
      for (const table of tables)
        for await (const part of reading`SELECT * FROM ${sql(table)} WHERE cohort = ${cohort}`.cursor(500))
          for (const row of part) yield `${JSON.stringify({ table, ...row, search: undefined })}\n`;
      await reading`SELECT set_config('autolynx.organisation', '', false)`;
    } finally {
      reading.release();
    }
  }
};
for (const { id } of organisations) {
  await sql.begin(async (tx) => {
    await tx`SELECT set_config('autolynx.organisation', ${id}, true)`;
    const [row] = await tx<{ count: number }[]>`
      SELECT count(*)::int AS count FROM campaigns WHERE cohort = ${cohort} AND status NOT IN ('completed', 'canceled')`;
    unfinished += row!.count;
  });
}
if (unfinished > 0) {
  console.error(`${unfinished} campaigns of ${month} are not over. Nothing was archived`);
  process.exit(1);
}
// Whole on disk, under its name, before anything is dropped.
await pipeline(Readable.from(rows()), createGzip(), createWriteStream(`${file}.part`));
const written = await open(`${file}.part`, "r+");
await written.sync();
await written.close();
await rename(`${file}.part`, file);
for (const { id } of organisations) {
  await sql.begin(async (tx) => {
    await tx`SELECT set_config('autolynx.organisation', ${id}, true)`;
    const campaigns = await tx<{ id: string; cohort: string }[]>`
      SELECT id, cohort FROM campaigns WHERE cohort = ${cohort} AND archived_at IS NULL`;
    for (const campaign of campaigns)
      await tx`
        UPDATE campaigns SET archived_at = now(), final_summary = ${tx.json((await summaryOf(tx, campaign)) as never)} WHERE id = ${campaign.id}`;
  });
}
await sql.begin(async (tx) => {
  for (const table of tables) await tx`DROP TABLE IF EXISTS ${tx(`${table}_${suffix}`)}`;
});
console.log(`Archived ${month} into ${file}`);
await sql.end();
