import { createHash } from "node:crypto";
import type { Scoped } from "../database.ts";
import { type CallStatus, isActive, overLimitReason } from "./call-status.ts";
import { type CallState, type Fact, foldFacts } from "./fold-facts.ts";

/** Where a call lies. */
export interface CallKey {
  cohort: string;
  id: string;
}

export interface CallRow extends CallKey {
  organisation_id: string;
  campaign_id: string;
  contact_id: string;
  attempt: number;
  phone: string;
  status: CallStatus;
  provider_call_id: string | null;
  cost_microdollars: number | null;
}

/** What became of a fact: nobody here knows its call, it was known already, or it is taken, and whether a place within the cap is free by it. */
export type Taken =
  | { result: "unknown_call" }
  | { result: "known" }
  | { result: "taken"; row: CallRow; freed: boolean };

export const keyOf = (text: string | Buffer): Buffer => createHash("sha256").update(text).digest();

/**
 * Keeps a fact about a call and brings the call, its contact, the ledger and the campaign's sum to what all its facts come to: in the transaction that
 * is given, so that all of it happens or nothing.
 *
 * @param key what makes the fact the same as another: see `keyOf`
 * @param silenceMs after which the provider is asked, where nothing more is heard
 */
export async function takeFact(
  tx: Scoped,
  call: CallKey,
  key: Buffer,
  fact: Fact,
  { silenceMs, retryUnitMs }: { silenceMs: number; retryUnitMs: number },
): Promise<Taken> {
  const [row] = await tx<CallRow[]>`
    SELECT cohort, id, organisation_id, campaign_id, contact_id, attempt, phone, status, provider_call_id, cost_microdollars
    FROM calls WHERE cohort = ${call.cohort} AND id = ${call.id} FOR UPDATE`;
  if (!row) return { result: "unknown_call" };
  // Sent together, carried out one after the other: the call's lock is held, so all of its facts are seen.
  const [kept, events] = await Promise.all([
    tx`
      INSERT INTO call_events (cohort, organisation_id, call_id, key, fact)
      VALUES (${row.cohort}, ${row.organisation_id}, ${row.id}, ${key}, ${tx.json(fact as never)})
      ON CONFLICT DO NOTHING`.execute(),
    tx<{ key: string; fact: Fact }[]>`
      SELECT encode(key, 'hex') AS key, fact FROM call_events WHERE cohort = ${row.cohort} AND call_id = ${row.id}`.execute(),
  ]);
  if (kept.count === 0) return { result: "known" };
  const state = foldFacts(events);
  await Promise.all([
    writeState(tx, row, state, silenceMs),
    settleContact(tx, row, state, retryUnitMs),
    settleLedger(tx, row, state),
  ]);
  return { result: "taken", row, freed: isActive(row.status) && !isActive(state.status) };
}

const date = (ms: number | null): Date | null => (ms === null ? null : new Date(ms));

async function writeState(tx: Scoped, row: CallRow, state: CallState, silenceMs: number): Promise<void> {
  await tx`
    UPDATE calls SET
      status = ${state.status}::call_status, provider_call_id = ${state.providerCallId},
      started_at = ${date(state.startedAtMs)}, ended_at = ${date(state.endedAtMs)}, ended_reason = ${state.endedReason},
      duration_ms = ${state.durationMs}, cost_microdollars = ${state.costMicrodollars}, success = ${state.success},
      outcome = ${state.outcome}, sentiment = ${state.sentiment}, summary = ${state.summary},
      structured = ${state.structured === null ? null : tx.json(state.structured as never)},
      transcript = ${state.transcript}, recording_url = ${state.recordingUrl}, oddities = ${state.oddities},
      settled = ${state.settled}, checks = 0, check_at = now() + make_interval(secs => ${silenceMs / 1_000}), updated_at = now()
    WHERE cohort = ${row.cohort} AND id = ${row.id}`;
}

/** The contact follows its newest attempt, for as long as no further one has begun. */
async function settleContact(tx: Scoped, row: CallRow, state: CallState, retryUnitMs: number): Promise<void> {
  if (isActive(state.status)) return;
  if (state.structured?.["doNotCall"] === true) {
    await tx`
      INSERT INTO do_not_call (organisation_id, phone, reason, added_by)
      VALUES (${row.organisation_id}, ${row.phone}, 'asked in a call', 'call')
      ON CONFLICT DO NOTHING`;
    await tx`
      UPDATE contacts SET state = 'skipped', outcome = 'do_not_call'
      WHERE organisation_id = ${row.organisation_id} AND phone = ${row.phone} AND state = 'pending'`;
  }
  const notPlaced = state.endedReason === overLimitReason;
  await tx`
    UPDATE contacts k SET
      attempts = ${notPlaced ? row.attempt - 1 : row.attempt},
      state = CASE WHEN again.wanted THEN 'pending' ELSE 'done' END,
      outcome = CASE WHEN ${notPlaced} THEN k.outcome ELSE ${state.status} END,
      next_attempt_at = CASE WHEN again.wanted THEN now() + make_interval(secs => again.minutes * ${retryUnitMs / 1_000}::float8) ELSE k.next_attempt_at END
    FROM (
      SELECT CASE WHEN ${notPlaced} THEN 0 ELSE retry_after_minutes END AS minutes,
        status <> 'canceled' AND (${notPlaced} OR (
          ${state.status} = ANY(retry_outcomes) AND ${row.attempt}::int < max_attempts
          AND NOT EXISTS (SELECT FROM do_not_call d WHERE d.organisation_id = ${row.organisation_id} AND d.phone = ${row.phone})
        )) AS wanted
      FROM campaigns WHERE id = ${row.campaign_id}
    ) again
    WHERE k.cohort = ${row.cohort} AND k.id = ${row.contact_id} AND k.state <> 'skipped'
      AND NOT EXISTS (
        SELECT FROM calls later WHERE later.cohort = k.cohort AND later.contact_id = k.id
          AND (later.attempt > ${row.attempt}::int OR later.intended_at > (SELECT intended_at FROM calls WHERE cohort = ${row.cohort} AND id = ${row.id}))
      )`;
}

/** The ledger's sum for a call is its cost: what differs is a row of its own. */
async function settleLedger(tx: Scoped, row: CallRow, state: CallState): Promise<void> {
  if (state.costMicrodollars === null) return;
  const delta = state.costMicrodollars - (row.cost_microdollars ?? 0);
  if (delta === 0) return;
  await tx`
    INSERT INTO ledger (cohort, organisation_id, campaign_id, call_id, amount_microdollars, reason, day)
    VALUES (${row.cohort}, ${row.organisation_id}, ${row.campaign_id}, ${row.id}, ${delta},
      ${row.cost_microdollars === null ? "call" : "correction"}, (now() AT TIME ZONE 'UTC')::date)`;
  await tx`UPDATE campaigns SET spent_microdollars = spent_microdollars + ${delta} WHERE id = ${row.campaign_id}`;
}
