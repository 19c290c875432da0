import { atOnce } from "../at-once.ts";
import type { Fact } from "../calls/fold-facts.ts";
import { type CallKey, keyOf, takeFact } from "../calls/take-fact.ts";
import { within } from "../database.ts";
import { log } from "../log.ts";
import { timing } from "../timing.ts";
import { markOf, messageFact, objectOf, snapshotFact } from "../vapi/call-facts.ts";
import { askVapi } from "../vapi/client.ts";
import { VapiError } from "../vapi/vapi-error.ts";
import { backOff } from "./back-off.ts";
import { giveBack } from "./dial.ts";

type Json = Record<string, unknown>;

export interface Reconciled {
  /** Intents of unknown fate that the provider's list has. */
  found: number;
  /** Those that it has not: their contacts are called again. */
  notPlaced: number;
  /** Calls of which the provider told more than we had heard. */
  caughtUp: number;
  closed: number;
}

const pageSize = 100;
const mostPages = 200;
const askedAtOnce = 8;
const askedPerRun = 80;
/** The longest call that Vapi allows is 12 hours. */
const longestCallHours = 13;
const mostChecks = 12;

/** Makes what is written here agree with what the provider knows. Safe to run any number of times at once. */
export async function reconcile(organisation: string): Promise<Reconciled> {
  const done: Reconciled = { found: 0, notPlaced: 0, caughtUp: 0, closed: 0 };
  try {
    await takeUnknownEvents(organisation);
    await findUncertain(organisation, done);
    await askAfterSilent(organisation, done);
  } catch (error) {
    if (!(error instanceof VapiError)) throw error;
    log("warn", "Reconciliation waits for the provider", { error });
    await within(organisation, (tx) => backOff(tx, organisation, error.retryAfterMs));
  }
  return done;
}

interface Uncertain extends CallKey {
  contactId: string;
  attempt: number;
  /** Enough time is over: what the provider's list has not now was never placed. */
  late: boolean;
}

async function findUncertain(organisation: string, done: Reconciled): Promise<void> {
  const { silenceMs, uncertainMs, retryUnitMs } = timing();
  const { calls, since } = await within(organisation, async (tx) => {
    // Whoever wrote these intents did not live to ask, or to write down what was answered.
    await tx`
      UPDATE calls SET status = 'UNCERTAIN', check_at = now() + make_interval(secs => ${uncertainMs / 1_000}), updated_at = now()
      WHERE status = 'INTENDED' AND NOT settled AND check_at < now()`;
    const calls = await tx<(Uncertain & { since: Date | null })[]>`
      SELECT cohort, id, contact_id AS "contactId", attempt, check_at < now() AS late, search_from AS since
      FROM calls WHERE status = 'UNCERTAIN' AND NOT settled ORDER BY intended_at LIMIT 1000`;
    const from = calls.map(({ since }) => since);
    return {
      calls,
      since: from.includes(null) ? undefined : Math.min(...from.map((each) => each!.getTime())),
    };
  });
  if (calls.length === 0) return;
  const sought = new Map(calls.map((call) => [call.id, call]));
  for await (const seen of callsSince(since)) {
    const mark = markOf(seen);
    if (mark === undefined || mark.organisation !== organisation || !sought.has(mark.call)) continue;
    const call = sought.get(mark.call)!;
    sought.delete(mark.call);
    const fact = snapshotFact(seen);
    const taken = await within(organisation, (tx) =>
      takeFact(tx, call, keyOf(JSON.stringify(fact)), fact, { silenceMs, retryUnitMs }),
    );
    if (taken.result === "taken") done.found++;
    if (sought.size === 0) return;
  }
  for (const call of sought.values()) {
    if (!call.late) continue;
    await within(organisation, async (tx) => {
      const [closed] = await tx`
        UPDATE calls SET status = 'NOT_PLACED', settled = true, ended_reason = 'The provider has no such call', updated_at = now()
        WHERE cohort = ${call.cohort} AND id = ${call.id} AND status = 'UNCERTAIN' RETURNING 1`;
      if (!closed) return;
      await giveBack(tx, call);
      done.notPlaced++;
    });
  }
}

/** The provider's calls, newest first, from a time of its own clock on. */
async function* callsSince(sinceMs: number | undefined): AsyncGenerator<Json> {
  // Clocks of the provider's machines differ a little.
  const from = sinceMs === undefined ? undefined : new Date(sinceMs - 60_000).toISOString();
  let before: string | undefined;
  for (let page = 0; page < mostPages; page++) {
    const query = new URLSearchParams({ limit: String(pageSize) });
    if (from !== undefined) query.set("createdAtGe", from);
    if (before !== undefined) query.set("createdAtLe", before);
    const calls = await askVapi<Json[]>("GET", `/call?${query}`);
    yield* calls;
    const oldest = calls.at(-1)?.["createdAt"];
    if (calls.length < pageSize || typeof oldest !== "string") return;
    // The next page begins with the last one's end: calls of the same millisecond are on both. A page full of one millisecond cannot be passed.
    if (oldest === before) return;
    before = oldest;
  }
}

interface Silent extends CallKey {
  providerCallId: string;
  checks: number;
  tooOld: boolean;
}

async function askAfterSilent(organisation: string, done: Reconciled): Promise<void> {
  const { silenceMs, retryUnitMs } = timing();
  // Taken by moving their time: of several runs at once each asks for other calls.
  const silent = await within(
    organisation,
    (tx) => tx<Silent[]>`
      WITH due AS (
        SELECT cohort, id FROM calls WHERE NOT settled AND check_at < now() AND provider_call_id IS NOT NULL
        ORDER BY check_at LIMIT ${askedPerRun} FOR UPDATE SKIP LOCKED
      )
      UPDATE calls c SET checks = c.checks + 1,
        check_at = now() + make_interval(secs => ${silenceMs / 1_000} * power(2, least(c.checks, 5)))
      FROM due WHERE c.cohort = due.cohort AND c.id = due.id
      RETURNING c.cohort, c.id, c.provider_call_id AS "providerCallId", c.checks,
        c.intended_at < now() - make_interval(hours => ${longestCallHours}) AS "tooOld"`,
  );
  await atOnce(silent, askedAtOnce, async (call) => {
    let fact: Fact | undefined;
    try {
      fact = snapshotFact(await askVapi<Json>("GET", `/call/${encodeURIComponent(call.providerCallId)}`));
    } catch (error) {
      if (!(error instanceof VapiError) || error.status !== 404) throw error;
    }
    await within(organisation, async (tx) => {
      const taken =
        fact && (await takeFact(tx, call, keyOf(JSON.stringify(fact)), fact, { silenceMs, retryUnitMs }));
      if (taken?.result === "taken") done.caughtUp++;
      const reason =
        fact === undefined
          ? "The provider does not know the call any more"
          : call.tooOld
            ? "Nothing was heard of it for longer than any call lasts"
            : call.checks >= mostChecks && fact.status === "ended"
              ? "The provider never told what it cost"
              : undefined;
      if (reason === undefined) return;
      const closing: Fact = {
        kind: "report",
        atMs: fact?.atMs ?? 0,
        providerCallId: call.providerCallId,
        endedReason: `closed-by-reconciliation: ${reason}`,
      };
      const closed = await takeFact(tx, call, keyOf(`closed ${call.id}`), closing, {
        silenceMs,
        retryUnitMs,
      });
      if (closed.result === "taken") done.closed++;
    });
  });
}

/** Messages that came before anybody knew whose they were. */
async function takeUnknownEvents(organisation: string): Promise<void> {
  const { silenceMs, retryUnitMs } = timing();
  await within(organisation, async (tx) => {
    const events = await tx<{ key: Buffer; body: Json; cohort: string; id: string }[]>`
      SELECT u.key, u.body, c.cohort, c.id FROM unknown_events u JOIN calls c ON c.provider_call_id = u.provider_call_id LIMIT 500`;
    for (const { key, body, cohort, id } of events) {
      const message = objectOf(body["message"]);
      const said = message && messageFact(message);
      if (said) await takeFact(tx, { cohort, id }, key, said.fact, { silenceMs, retryUnitMs });
      await tx`DELETE FROM unknown_events WHERE key = ${key}`;
    }
  });
}
