import { createHmac } from "node:crypto";
import { app } from "../server/app.ts";
import { database } from "../server/database.ts";
import { addStarterFlows } from "../server/flows/routes.ts";

/** A form signed as Twilio signs it. */
export function fromTwilio(
  path: string,
  form: Record<string, string>,
  base = "https://reminders.example",
): Promise<Response> {
  const signed =
    base +
    path +
    Object.keys(form)
      .sort()
      .map((name) => name + form[name])
      .join("");
  const signature = createHmac("sha1", process.env["TWILIO_AUTH_TOKEN"]!)
    .update(signed, "utf8")
    .digest("base64");
  return Promise.resolve(
    // The host that a proxy made of it plays no part.
    app.request(`http://10.0.0.7:3000${path}`, {
      method: "POST",
      headers: { "content-type": "application/x-www-form-urlencoded", "x-twilio-signature": signature },
      body: new URLSearchParams(form).toString(),
    }),
  );
}

export interface Person {
  id: string;
  phone: string;
}

/** A contact who has agreed, with a reminder that is due at `dueAt`. */
export async function personWithReminder(given: {
  phone: string;
  flow?: string;
  channel?: "sms" | "voice";
  dueAt: Date;
  language?: string;
  title?: string;
}): Promise<Person & { reminder: string; occurrence: string }> {
  const sql = database();
  await addStarterFlows(sql);
  const [contact] = await sql<{ id: string }[]>`
    INSERT INTO contacts (name, phone, time_zone, language, consent) VALUES ('Rosa', ${given.phone}, 'UTC', ${given.language ?? "en"}, 'given')
    ON CONFLICT (phone) DO UPDATE SET name = 'Rosa' RETURNING id`;
  const [reminder] = await sql<{ id: string }[]>`
    INSERT INTO reminders (contact_id, kind, title, channel, flow_id, starts_on, times, rrule)
    VALUES (${contact!.id}, 'medication', ${given.title ?? "Vitamin D"}, ${given.channel ?? "sms"}, ${given.flow ?? "medication"}, '2026-01-01', '{09:00}', 'FREQ=DAILY')
    RETURNING id`;
  const [occurrence] = await sql<{ id: string }[]>`
    INSERT INTO occurrences (reminder_id, contact_id, local_day, local_time, due_at)
    VALUES (${reminder!.id}, ${contact!.id}, ${given.dueAt.toISOString().slice(0, 10)}::text::date, '09:00', ${given.dueAt}) RETURNING id`;
  return { id: contact!.id, phone: given.phone, reminder: reminder!.id, occurrence: occurrence!.id };
}

export async function sentTo(phone: string): Promise<string[]> {
  const rows = await database()<{ body: string }[]>`
    SELECT body FROM messages WHERE phone = ${phone} AND direction = 'out' ORDER BY created_at, id`;
  return rows.map(({ body }) => body);
}
