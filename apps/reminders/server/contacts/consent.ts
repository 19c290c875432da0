import type { Sql, Transaction } from "../database.ts";

/** Records an opt-out and ends all that is under way: conversations, what waits, and messages that are not sent yet. */
export async function withdrawConsent(
  sql: Sql,
  contactId: string,
  source: string,
  detail: string,
): Promise<void> {
  await sql.begin((transaction) => withdraw(transaction, contactId, source, detail));
}

export async function withdraw(
  sql: Transaction,
  contactId: string,
  source: string,
  detail: string,
): Promise<void> {
  await record(sql, contactId, "withdrawn", source, detail);
  await sql`
    UPDATE messages SET status = 'cancelled', error = 'the contact opted out', changed_at = now()
    WHERE contact_id = ${contactId} AND direction = 'out' AND status = 'queued' AND key NOT LIKE 'notice/%'`;
  await sql`
    UPDATE occurrences SET status = 'skipped', reason = 'stopped', settled_at = now()
    WHERE id IN (SELECT occurrence_id FROM conversations WHERE contact_id = ${contactId} AND status <> 'ended')`;
  // The step of each, without a word: whoever opted out hears nothing more. Its event keeps the history whole.
  await sql`
    WITH stopped AS (
      UPDATE conversations SET status = 'ended', outcome = 'stopped', times_out_at = null, unclear = 0, ended_at = now(), revision = revision + 1
      WHERE contact_id = ${contactId} AND status <> 'ended' RETURNING id, revision
    )
    INSERT INTO conversation_events (conversation_id, revision, key, event, said)
    SELECT id, revision, id || '/stop/' || revision, '{"type":"stop"}', '[]' FROM stopped`;
}

export async function giveConsent(
  sql: Transaction,
  contactId: string,
  source: string,
  detail: string,
): Promise<void> {
  await record(sql, contactId, "given", source, detail);
}

async function record(
  sql: Transaction,
  contactId: string,
  consent: "given" | "withdrawn",
  source: string,
  detail: string,
) {
  await sql`UPDATE contacts SET consent = ${consent} WHERE id = ${contactId}`;
  await sql`INSERT INTO consent_events (contact_id, consent, source, detail) VALUES (${contactId}, ${consent}, ${source}, ${detail})`;
}
