import type { Scoped } from "../database.ts";
import { mostContacts, type NewContact, type RowFault } from "./read-contacts.ts";

export interface Stored {
  stored: number;
  /** Stored, but not to be called. */
  doNotCall: number;
}

/** Numbers of a file that the campaign has already. */
export async function knownNumbers(
  tx: Scoped,
  campaign: { id: string; cohort: string },
  contacts: readonly NewContact[],
): Promise<RowFault[]> {
  const known = await tx<{ phone: string; line: number }[]>`
    SELECT phone, line FROM contacts WHERE cohort = ${campaign.cohort} AND campaign_id = ${campaign.id}
      AND phone = ANY(${contacts.map(({ phone }) => phone)})`;
  const lines = new Map(known.map(({ phone, line }) => [phone, line]));
  return contacts
    .filter(({ phone }) => lines.has(phone))
    .map(({ phone, line }) => ({
      line,
      column: "phone",
      value: phone,
      message: `is in this campaign already (line ${lines.get(phone)} of an earlier file)`,
      kind: "duplicate" as const,
    }));
}

export class TooManyContacts extends Error {}

/**
 * Puts contacts into a campaign, in the transaction that is given.
 *
 * @throws TooManyContacts
 */
export async function storeContacts(
  tx: Scoped,
  organisation: string,
  campaign: { id: string; cohort: string },
  contacts: readonly NewContact[],
): Promise<Stored> {
  const [had] = await tx<{ count: number }[]>`
    SELECT count(*)::int AS count FROM contacts WHERE cohort = ${campaign.cohort} AND campaign_id = ${campaign.id}`;
  if (had!.count + contacts.length > mostContacts) {
    throw new TooManyContacts(
      `The campaign has ${had!.count} contacts, and ${contacts.length} more make more than ${mostContacts.toLocaleString("en")}`,
    );
  }
  for (let from = 0; from < contacts.length; from += 2_000) {
    const part = contacts.slice(from, from + 2_000);
    await tx`
      INSERT INTO contacts (cohort, organisation_id, campaign_id, line, phone, name, time_zone, fields)
      SELECT ${campaign.cohort}, ${organisation}, ${campaign.id}, line, phone, name, zone, fields::jsonb
      FROM unnest(${part.map(({ line }) => line)}::int[], ${part.map(({ phone }) => phone)}::text[], ${part.map(({ name }) => name)}::text[],
        ${part.map(({ timeZone }) => timeZone)}::text[], ${part.map(({ fields }) => JSON.stringify(fields))}::text[]) AS t (line, phone, name, zone, fields)`;
  }
  await tx`
    INSERT INTO campaign_zones (organisation_id, campaign_id, time_zone)
    SELECT ${organisation}, ${campaign.id}, unnest(${[...new Set(contacts.map(({ timeZone }) => timeZone))]}::text[])
    ON CONFLICT DO NOTHING`;
  const skipped = await skipUnwanted(tx, campaign);
  return { stored: contacts.length, doNotCall: skipped };
}

/** Whoever is on the do-not-call list is not called. */
export async function skipUnwanted(tx: Scoped, campaign: { id: string; cohort: string }): Promise<number> {
  const skipped = await tx`
    UPDATE contacts k SET state = 'skipped', outcome = 'do_not_call' FROM do_not_call d
    WHERE k.cohort = ${campaign.cohort} AND k.campaign_id = ${campaign.id} AND k.state = 'pending'
      AND d.organisation_id = k.organisation_id AND d.phone = k.phone`;
  return skipped.count;
}
