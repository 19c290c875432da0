import { Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { type Context, Hono } from "hono";
import { z } from "zod";
import { audit } from "../access/audit.ts";
import type { CallerVariables } from "../access/require-caller.ts";
import { campaignRows, locked } from "../campaigns/campaign-routes.ts";
import { within } from "../database.ts";
import { bodyOf, idOf, refused } from "../http/refused.ts";
import { CsvFault } from "./csv-fault.ts";
import { largestFileBytes } from "./decode-text.ts";
import { type ReadFile, readContacts } from "./read-contacts.ts";
import { readPhone } from "./read-phone.ts";
import { knownNumbers, storeContacts, TooManyContacts } from "./store-contacts.ts";

const shownContacts = 20;

/** Contacts of one campaign: `/campaigns/:id/contacts`. */
export const contactRoutes = new Hono<CallerVariables>()
  .get("/:id/contacts", async (c) => {
    const id = idOf(c);
    const state = c.req.query("state") ?? null;
    const after = Number(c.req.query("after") ?? 0) || 0;
    const contacts = await within(
      c.get("caller").organisation,
      (tx) => tx`
        SELECT k.id, k.line, k.phone, k.name, k.time_zone AS "timeZone", k.state, k.outcome, k.attempts, k.next_attempt_at AS "nextAttemptAt"
        FROM contacts k JOIN campaigns c ON c.id = k.campaign_id AND c.cohort = k.cohort
        WHERE k.campaign_id = ${id} AND (${state}::text IS NULL OR k.state = ${state}) AND k.line > ${after}::int ORDER BY k.line LIMIT 100`,
    );
    return c.json({ contacts, after: contacts.at(-1)?.["line"] ?? null });
  })
  /**
   * A CSV file as the body, plain or gzip (`application/gzip`). `?preview=1` says what is in it and stores nothing. Otherwise all of it is stored or
   * nothing; with `?skip_invalid=1` all but the rows that were told in the preview.
   */
  .post("/:id/contacts", async (c) => {
    const caller = c.get("caller");
    const id = idOf(c);
    const [campaign] = await within(caller.organisation, (tx) => campaignRows(tx, id));
    if (!campaign) throw refused("There is no such campaign", 404);
    const preview = c.req.query("preview") === "1";
    const skipInvalid = c.req.query("skip_invalid") === "1";
    const read = await readBody(c, { country: campaign.country ?? undefined, timeZone: campaign.timeZone });
    const result = await within(caller.organisation, async (tx) => {
      // Between preview and now it may have been started.
      const { status, cohort } = preview ? campaign : await locked(tx, id);
      if (status !== "draft" && status !== "paused")
        throw refused(`The campaign is ${status}: contacts are added to drafts and paused campaigns`, 409);
      const place = { id, cohort };
      const repeated = await knownNumbers(tx, place, read.contacts);
      const faults = [...read.faults, ...repeated].sort((a, b) => a.line - b.line).slice(0, 500);
      const faultCount = read.faultCount + repeated.length;
      const known = new Set(repeated.map(({ line }) => line));
      const contacts = read.contacts.filter(({ line }) => !known.has(line));
      const zones = await unknownZones(tx, [...new Set(contacts.map(({ timeZone }) => timeZone))]);
      if (zones.length > 0) throw refused(`The database knows no time zone ${zones.join(", ")}`, 422);
      const told = {
        ...{ rows: read.rows, valid: contacts.length, faultCount, rowFaults: faults, columns: read.columns },
        duplicates: faults.filter(({ kind }) => kind === "duplicate").length,
        zones: Object.entries(Object.groupBy(contacts, ({ timeZone }) => timeZone)).map(([timeZone, of]) => ({
          timeZone,
          count: of!.length,
        })),
      };
      if (preview) return { ...told, contacts: contacts.slice(0, shownContacts) };
      if (faultCount > 0 && !skipInvalid)
        throw refused(`${faultCount} of ${read.rows} rows cannot be called. Nothing was stored`, 422, told);
      if (contacts.length === 0)
        throw refused("No row of the file can be called. Nothing was stored", 422, told);
      const stored = await storeContacts(tx, caller.organisation, place, contacts);
      await audit(tx, caller, "added contacts", id, {
        rows: read.rows,
        stored: stored.stored,
        left: faultCount,
      });
      return { ...told, ...stored };
    }).catch((error) => {
      if (error instanceof TooManyContacts) throw refused(`${error.message}. Nothing was stored`, 422);
      throw error;
    });
    return c.json(result, preview ? 200 : 201);
  });

async function readBody(
  c: Context,
  settings: { country: string | undefined; timeZone: string },
): Promise<ReadFile> {
  const body = c.req.raw.body;
  const type = (c.req.header("content-type") ?? "").split(";")[0]!.trim();
  if (Number(c.req.header("content-length") ?? 0) > largestFileBytes + 4_096)
    throw refused("The file has more than 10,485,760 bytes (10 MB). Divide it. Nothing was stored", 413, {
      code: "too_large",
    });
  let bytes: AsyncIterable<Uint8Array> = body
    ? (Readable.fromWeb(body as never) as AsyncIterable<Uint8Array>)
    : empty();
  // Hosts bound a body's size (Vercel: 4.5 MB); pages send files compressed.
  if (type === "application/gzip") bytes = unzip(bytes);
  try {
    return await readContacts(bytes, settings);
  } catch (error) {
    if (error instanceof CsvFault)
      throw refused(`${error.message}. Nothing was stored`, error.code === "too_large" ? 413 : 422, {
        code: error.code,
        ...(error.line !== undefined && { line: error.line }),
      });
    throw error;
  }
}

async function* empty(): AsyncGenerator<Uint8Array> {}

async function* unzip(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const gunzip = createGunzip();
  const feeding = (async () => {
    for await (const piece of bytes)
      if (!gunzip.write(piece))
        await new Promise((resolve) => gunzip.once("drain", resolve).once("close", resolve));
    gunzip.end();
  })().catch((error) => gunzip.destroy(error as Error));
  try {
    for await (const piece of gunzip) yield piece as Uint8Array;
    await feeding;
  } catch {
    throw new CsvFault("The compressed file is damaged", "not_csv");
  } finally {
    gunzip.destroy();
  }
}

const accepted = new Set<string>();

/** The database's list of zones may be another one than the machine's, and a zone that it does not know would fail every tick. */
async function unknownZones(
  tx: Parameters<Parameters<typeof within>[1]>[0],
  zones: string[],
): Promise<string[]> {
  const open = zones.filter((zone) => !accepted.has(zone));
  if (open.length === 0) return [];
  const rows = await tx<{ name: string }[]>`SELECT name FROM pg_timezone_names WHERE name = ANY(${open})`;
  for (const { name } of rows) accepted.add(name);
  return open.filter((zone) => !accepted.has(zone));
}

const wish = z.object({
  phones: z.array(z.string().max(40)).min(1).max(1_000),
  reason: z.string().trim().min(1).max(200).default("asked for it"),
});

export const doNotCallRoutes = new Hono<CallerVariables>()
  .get("/", async (c) => {
    const numbers = await within(
      c.get("caller").organisation,
      (tx) =>
        tx`SELECT phone, reason, added_by AS "addedBy", added_at AS "addedAt" FROM do_not_call ORDER BY added_at DESC LIMIT 1000`,
    );
    return c.json({ numbers });
  })
  .post("/", async (c) => {
    const caller = c.get("caller");
    const given = await bodyOf(c, wish);
    const read = given.phones.map((phone) => ({ phone, read: readPhone(phone, undefined) }));
    const faults = read.flatMap(({ phone, read }, index) =>
      "fault" in read ? [{ path: `phones.${index}`, message: `${phone} ${read.fault}` }] : [],
    );
    if (faults.length > 0) throw refused("Some numbers are not right", 400, { faults });
    const phones = read.flatMap(({ read }) => ("phone" in read ? [read.phone] : []));
    const skipped = await within(caller.organisation, async (tx) => {
      // Nobody claims meanwhile: see `claim.ts`.
      await tx`SELECT FROM organisations WHERE id = ${caller.organisation} FOR UPDATE`;
      await tx`
        INSERT INTO do_not_call (organisation_id, phone, reason, added_by)
        SELECT ${caller.organisation}, unnest(${phones}::text[]), ${given.reason}, ${caller.name} ON CONFLICT DO NOTHING`;
      const rows = await tx`
        UPDATE contacts SET state = 'skipped', outcome = 'do_not_call'
        WHERE organisation_id = ${caller.organisation} AND phone = ANY(${phones}) AND state = 'pending'`;
      await audit(tx, caller, "added to the do-not-call list", "", { count: phones.length });
      return rows.count;
    });
    return c.json({ added: phones.length, skipped }, 201);
  })
  .delete("/:phone", async (c) => {
    const caller = c.get("caller");
    const phone = c.req.param("phone");
    await within(caller.organisation, async (tx) => {
      const removed = await tx`DELETE FROM do_not_call WHERE phone = ${phone}`;
      if (removed.count === 0) throw refused("The number is not on the list", 404);
      await audit(tx, caller, "took a number off the do-not-call list", phone);
    });
    return c.json({ phone });
  });
