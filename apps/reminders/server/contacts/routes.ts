import { Hono } from "hono";
import { z } from "zod";
import { audit } from "../audit.ts";
import { database, type Queries } from "../database.ts";
import { body, refused } from "../http/body.ts";
import { inLanguage, phrases } from "../messages/phrases.ts";
import { segmentsOf } from "../messages/segments.ts";
import type { OperatorVariables } from "../operators/session.ts";
import { replanContact } from "../reminders/plan.ts";
import { giveConsent, withdraw } from "./consent.ts";
import { caregiverSchema, contactSchema, type NewContact } from "./contact.ts";
import { readContacts } from "./import-contacts.ts";

const consentSchema = z.object({
  consent: z.enum(["given", "withdrawn"]),
  source: z.enum(["paper", "telephone", "in person", "web"]),
  detail: z.string().max(500).default(""),
});
const importSchema = z.object({
  csv: z.string().max(10_000_000, "is larger than 10 MB"),
  timeZone: z.string().optional(),
  /** Only look: nothing is written. */
  preview: z.boolean().default(true),
});

const columns = (sql: Queries) => sql`
  c.id, c.name, c.phone, c.time_zone AS "timeZone", c.language, c.quiet_from AS "quietFrom", c.quiet_until AS "quietUntil", c.consent,
  c.created_at AS "createdAt"`;

export const contactRoutes = new Hono<OperatorVariables>()
  .get("/", async (c) => {
    const sql = database();
    const search = `%${(c.req.query("search") ?? "").replace(/[\\%_]/g, "\\$&")}%`;
    const after = c.req.query("after") ?? "";
    const contacts = await sql`
      SELECT ${columns(sql)}, (SELECT count(*)::int FROM reminders r WHERE r.contact_id = c.id AND r.archived_at IS NULL) AS reminders
      FROM contacts c WHERE c.archived_at IS NULL AND (c.name ILIKE ${search} OR c.phone LIKE ${search}) AND (c.name || c.id::text) > ${after}
      ORDER BY c.name || c.id::text LIMIT 101`;
    const page = contacts.slice(0, 100);
    const last = page.at(-1) as { name: string; id: string } | undefined;
    return c.json({ contacts: page, next: contacts.length > 100 && last ? last.name + last.id : null });
  })
  .post("/", async (c) => {
    const given = await body(c, contactSchema);
    const contact = await database().begin(async (sql) => {
      const added = await add(sql, given);
      if (!added) throw refused("There is a contact with this number already", undefined, 409);
      await audit(sql, c.get("operator"), "contact.add", added);
      return added;
    });
    return c.json({ id: contact }, 201);
  })
  .post("/import", async (c) => {
    const given = await body(c, importSchema);
    const { rows, faults } = readContacts(given.csv, { ...(given.timeZone && { timeZone: given.timeZone }) });
    if (given.preview)
      return c.json({ rows: rows.slice(0, 20), count: rows.length, faults: faults.slice(0, 500), added: 0 });
    if (faults.length > 0)
      throw refused(
        "Some rows are not right. Nothing was imported",
        faults
          .slice(0, 500)
          .map(({ line, column, message }) => ({ path: `line ${line}, ${column}`, message })),
      );
    const added = await database().begin(async (sql) => {
      let count = 0;
      for (const { contact } of rows) if (await add(sql, contact)) count++;
      await audit(sql, c.get("operator"), "contact.import", "contacts", { rows: rows.length, added: count });
      return count;
    });
    return c.json({ count: rows.length, added, known: rows.length - added });
  })
  .get("/:id", async (c) => {
    const sql = database();
    const id = c.req.param("id");
    const [contact] =
      await sql`SELECT ${columns(sql)} FROM contacts c WHERE c.id::text = ${id} AND c.archived_at IS NULL`;
    if (!contact) throw refused("There is no such contact", undefined, 404);
    const [caregivers, reminders, consent] = await Promise.all([
      sql`SELECT id, name, phone, language, after_missed AS "afterMissed" FROM caregivers WHERE contact_id = ${id} ORDER BY name`,
      sql`SELECT r.id, r.kind, r.title, r.channel, r.flow_id AS "flowId", r.starts_on AS "startsOn",
            ARRAY(SELECT to_char(t, 'HH24:MI') FROM unnest(r.times) t) AS times, r.rrule, r.paused_at IS NOT NULL AS paused
          FROM reminders r WHERE r.contact_id = ${id} AND r.archived_at IS NULL ORDER BY r.created_at`,
      sql`SELECT consent, source, detail, at FROM consent_events WHERE contact_id = ${id} ORDER BY id DESC LIMIT 50`,
    ]);
    return c.json({ contact, caregivers, reminders, consent });
  })
  .put("/:id", async (c) => {
    const given = await body(c, contactSchema);
    const id = c.req.param("id");
    await database().begin(async (sql) => {
      const changed = await sql`
        UPDATE contacts SET name = ${given.name}, phone = ${given.phone}, time_zone = ${given.timeZone}, language = ${given.language},
          quiet_from = ${given.quietFrom}, quiet_until = ${given.quietUntil} WHERE id::text = ${id} AND archived_at IS NULL`;
      if (changed.count === 0) throw refused("There is no such contact", undefined, 404);
      await replanContact(sql, id, new Date());
      await audit(sql, c.get("operator"), "contact.change", id);
    });
    return c.json({ id });
  })
  .delete("/:id", async (c) => {
    const id = c.req.param("id");
    await database().begin(async (sql) => {
      const [found] = await sql<
        { id: string }[]
      >`SELECT id FROM contacts WHERE id::text = ${id} AND archived_at IS NULL FOR UPDATE`;
      if (!found) throw refused("There is no such contact", undefined, 404);
      await withdraw(sql, id, "operator", "removed");
      await sql`DELETE FROM occurrences WHERE contact_id = ${id} AND status = 'due'`;
      // The number may be registered anew; what was said stays readable.
      await sql`UPDATE contacts SET archived_at = now(), phone = phone || '#' || id WHERE id = ${id}`;
      await audit(sql, c.get("operator"), "contact.remove", id);
    });
    return c.json({ id });
  })
  .post("/:id/consent", async (c) => {
    const given = await body(c, consentSchema);
    const id = c.req.param("id");
    await database().begin(async (sql) => {
      if (given.consent === "given") await giveConsent(sql, id, given.source, given.detail);
      else await withdraw(sql, id, given.source, given.detail);
      await audit(sql, c.get("operator"), `consent.${given.consent}`, id);
    });
    return c.json({ id });
  })
  .post("/:id/invitation", async (c) => {
    const id = c.req.param("id");
    const sql = database();
    const [contact] = await sql<{ phone: string; language: string }[]>`
      SELECT phone, language FROM contacts WHERE id::text = ${id} AND archived_at IS NULL AND consent = 'pending'`;
    if (!contact) throw refused("Only a contact who has not decided yet can be invited", undefined, 409);
    const text = inLanguage(phrases.invitation, contact.language);
    // Once a day: an invitation is no campaign.
    await sql`
      INSERT INTO messages (key, direction, channel, contact_id, phone, body, segments, status)
      VALUES (${`notice/invitation/${id}/${new Date().toISOString().slice(0, 10)}`}, 'out', 'sms', ${id}, ${contact.phone}, ${text}, ${segmentsOf(text).count}, 'queued')
      ON CONFLICT DO NOTHING`;
    return c.json({ id });
  })
  .post("/:id/caregivers", async (c) => {
    const given = await body(c, caregiverSchema);
    const [added] = await database()<{ id: string }[]>`
      INSERT INTO caregivers (contact_id, name, phone, language, after_missed)
      SELECT id, ${given.name}, ${given.phone}, ${given.language}, ${given.afterMissed} FROM contacts WHERE id::text = ${c.req.param("id")}
      ON CONFLICT (contact_id, phone) DO UPDATE SET name = excluded.name, language = excluded.language, after_missed = excluded.after_missed
      RETURNING id`;
    if (!added) throw refused("There is no such contact", undefined, 404);
    return c.json(added, 201);
  })
  .delete("/:id/caregivers/:caregiver", async (c) => {
    await database()`DELETE FROM caregivers WHERE id::text = ${c.req.param("caregiver")} AND contact_id::text = ${c.req.param("id")}`;
    return c.json({});
  });

/** The new contact's id; nothing where the number is known. */
async function add(sql: Queries, contact: NewContact): Promise<string | undefined> {
  const [row] = await sql<{ id: string }[]>`
    INSERT INTO contacts (name, phone, time_zone, language, quiet_from, quiet_until)
    VALUES (${contact.name}, ${contact.phone}, ${contact.timeZone}, ${contact.language}, ${contact.quietFrom}, ${contact.quietUntil})
    ON CONFLICT (phone) DO NOTHING RETURNING id`;
  return row?.id;
}
