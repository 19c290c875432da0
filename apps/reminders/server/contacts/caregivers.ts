import type { Transaction } from "../database.ts";
import type { Texts } from "../flows/flow.ts";
import { phrases } from "../messages/phrases.ts";
import { segmentsOf } from "../messages/segments.ts";

interface Caregiver {
  id: string;
  phone: string;
  language: string;
  afterMissed: number;
}

/** Queues a text for each caregiver of a contact; `key` makes that happen once. */
export async function tellCaregivers(
  sql: Transaction,
  contactId: string,
  key: string,
  texts: Texts,
  conversationId: string,
  only: (caregiver: Caregiver) => boolean = () => true,
): Promise<void> {
  const caregivers = await sql<Caregiver[]>`
    SELECT id, phone, language, after_missed AS "afterMissed" FROM caregivers WHERE contact_id = ${contactId}`;
  for (const caregiver of caregivers.filter(only)) {
    const body = texts[caregiver.language] ?? texts["en"]!;
    await sql`
      INSERT INTO messages (key, direction, channel, caregiver_id, conversation_id, phone, body, segments, status)
      VALUES (${`caregiver/${caregiver.id}/${key}`}, 'out', 'sms', ${caregiver.id}, ${conversationId}, ${caregiver.phone}, ${body},
              ${segmentsOf(body).count}, 'queued')
      ON CONFLICT (key) DO NOTHING`;
  }
}

/** Tells those caregivers whose number of misses in a row is reached with this one. */
export async function tellOfMissed(
  sql: Transaction,
  contactId: string,
  occurrenceId: string,
  conversationId: string,
): Promise<void> {
  const [row] = await sql<{ name: string; title: string; streak: number }[]>`
    SELECT p.name, r.title,
      (SELECT count(*)::int FROM occurrences m
       WHERE m.reminder_id = o.reminder_id AND m.status = 'missed' AND m.due_at <= o.due_at
         AND m.due_at > coalesce((SELECT max(a.due_at) FROM occurrences a
           WHERE a.reminder_id = o.reminder_id AND a.status = 'answered' AND a.due_at < o.due_at), '-infinity')) AS streak
    FROM occurrences o JOIN reminders r ON r.id = o.reminder_id JOIN contacts p ON p.id = o.contact_id
    WHERE o.id = ${occurrenceId}`;
  if (!row) return;
  const texts = phrases.missed(row.name, row.title, row.streak);
  await tellCaregivers(
    sql,
    contactId,
    `missed/${occurrenceId}`,
    texts,
    conversationId,
    (caregiver) => row.streak % caregiver.afterMissed === 0,
  );
}
