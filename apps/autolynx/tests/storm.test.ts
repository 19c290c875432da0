import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import "./setup.ts";
import { closeDatabase, within } from "../server/database.ts";
import { claim } from "../server/dialling/claim.ts";
import { dial } from "../server/dialling/dial.ts";
import { newCampaign, newOrganisation, type TestCampaign } from "./campaigns.ts";
import { Instances } from "./instances.ts";
import { noFaults, Provider, randomOf, signed } from "./provider.ts";
import { emptyDatabase } from "./setup.ts";

/** `CALLS=10000 EVENTS=20000 npm test` for the whole of it. */
const calls = Number(process.env["CALLS"] ?? 50);
const events = Number(process.env["EVENTS"] ?? 200);
const cap = Number(process.env["CAP"] ?? 8);
const seed = Number(process.env["SEED"] ?? 20260301);
const random = randomOf(seed);
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const outcomes = ["customer-ended-call", "customer-busy", "voicemail", "customer-did-not-answer"];
const outcome = (number: string) => outcomes[Number(number.slice(-2)) % outcomes.length]!;

let provider: Provider;
let instances: Instances;
before(async () => {
  await emptyDatabase();
  provider = new Provider(random);
  provider.outcome = outcome;
  const VAPI_BASE_URL = await provider.start();
  Object.assign(process.env, { VAPI_BASE_URL });
  instances = new Instances({ VAPI_BASE_URL, TIME_SCALE: "30", DATABASE_CONNECTIONS: "4" }, random);
  await instances.start(3);
});
after(async () => {
  instances.stop();
  provider.stop();
  await closeDatabase();
  setTimeout(() => process.exit(), 500).unref();
});

/** Kills instances for as long as `work` takes. */
async function whileKilling(everyMs: number, work: () => Promise<void>): Promise<number> {
  let busy = true;
  const before = instances.kills;
  const killer = (async () => {
    while (busy) {
      await sleep(everyMs);
      if (busy) await instances.killOne();
    }
  })();
  try {
    await work();
  } finally {
    busy = false;
    await killer;
  }
  return instances.kills - before;
}

/** Like a provider that tries until somebody has taken it. */
async function deliver(body: string): Promise<void> {
  for (;;) {
    const target = instances.any();
    const taken =
      target !== undefined &&
      (await fetch(`${target}/api/webhooks/vapi`, { method: "POST", headers: signed(body), body })
        .then(async (response) => (await response.arrayBuffer()) && response.status === 200)
        .catch(() => false));
    if (taken) return;
    await sleep(20);
  }
}

const stateOf = ({ organisation, id }: TestCampaign) =>
  within(organisation, async (tx) => ({
    calls: [
      ...(await tx`
        SELECT id, status, provider_call_id, started_at, ended_at, ended_reason, duration_ms, cost_microdollars, success, outcome, sentiment,
          summary, transcript, oddities, settled FROM calls WHERE campaign_id = ${id} ORDER BY id`),
    ],
    contacts: [
      ...(await tx`SELECT phone, state, outcome, attempts FROM contacts WHERE campaign_id = ${id} ORDER BY phone`),
    ],
    spent: [
      ...(await tx`SELECT call_id, sum(amount_microdollars)::bigint AS sum FROM ledger WHERE campaign_id = ${id} GROUP BY 1 ORDER BY 1`),
    ],
    campaign: [...(await tx`SELECT spent_microdollars FROM campaigns WHERE id = ${id}`)],
    events: (await tx`SELECT FROM call_events`).count,
  }));

test("shuffled, tripled and replayed messages leave what they leave in their order, over killed instances", async () => {
  const count = Math.ceil(events / 5);
  const organisation = await newOrganisation(10_000);
  // Paused after its intents: nothing but messages is to change it.
  const campaign = await newCampaign(organisation, { contacts: count, cap: 1_000, maxAttempts: 1 });
  provider.target = () => undefined;
  provider.webhooks = [];
  for (let intents = await claim(organisation); ; intents = await claim(organisation)) {
    await Promise.all(intents.map(dial));
    await within(organisation, (tx) => tx`UPDATE campaigns SET cap = 1000`);
    if (provider.calls.size >= count) break;
    await within(organisation, (tx) => tx`UPDATE organisations SET paused_until = NULL`);
    // The places of earlier ones are needed for the rest.
    await within(organisation, (tx) => tx`UPDATE calls SET status = 'COMPLETED' WHERE status = 'QUEUED'`);
  }
  while (provider.underWay > 0) await sleep(20);
  await within(organisation, (tx) => tx`UPDATE campaigns SET status = 'paused'`);
  const messages = provider.webhooks.map(({ body }) => body);
  assert.ok(messages.length >= count * 4);
  const forget = () =>
    within(organisation, async (tx) => {
      await tx`TRUNCATE ledger`;
      await tx`DELETE FROM call_events`;
      await tx`
        UPDATE calls SET status = 'INTENDED', provider_call_id = NULL, started_at = NULL, ended_at = NULL, ended_reason = NULL, duration_ms = NULL,
          cost_microdollars = NULL, success = NULL, outcome = NULL, sentiment = NULL, summary = NULL, transcript = NULL, oddities = '{}', settled = false`;
      await tx`UPDATE contacts SET state = 'calling', outcome = NULL, attempts = 1`;
      await tx`UPDATE campaigns SET spent_microdollars = 0`;
    });
  await forget();
  for (let from = 0; from < messages.length; from += 5_000)
    for (const body of messages.slice(from, from + 5_000)) await deliver(body);
  const inOrder = await stateOf(campaign);
  assert.equal(inOrder.calls.length, count);
  assert.ok(inOrder.calls.every(({ settled }) => settled));

  await forget();
  const storm = [...messages, ...messages, ...messages];
  for (let index = storm.length - 1; index > 0; index--) {
    const other = Math.floor(random() * (index + 1));
    [storm[index], storm[other]] = [storm[other]!, storm[index]!];
  }
  const kills = await whileKilling(700, async () => {
    const worker = async () => {
      for (let body = storm.pop(); body !== undefined; body = storm.pop()) await deliver(body);
    };
    await Promise.all(Array.from({ length: 16 }, worker));
  });
  assert.deepEqual(await stateOf(campaign), inOrder);
  for (const body of messages.slice(0, 100)) await deliver(body);
  assert.deepEqual(await stateOf(campaign), inOrder, "replayed");
  console.log(
    `seed ${seed}: ${messages.length} messages in order, ${messages.length * 3} shuffled, ${kills} instances killed: the same state`,
  );
});

test("a campaign over a failing provider and killed instances calls everybody once, within its cap, to the cent", async () => {
  const organisation = await newOrganisation(10_000);
  const campaign = await newCampaign(organisation, { contacts: calls, cap, firstNumber: 5_600_000 });
  provider.calls.clear();
  provider.lastsMs = 60;
  provider.target = () => instances.any();
  provider.faults = {
    ...{ dropAfter: 0.03, failBefore: 0.03, tooMany: 0.03 },
    ...{ webhookLost: 0.05, webhookDoubled: 0.2, webhookLate: 0.2 },
  };
  const startedAt = Date.now();
  let longestPauseMs = 0;
  let ticks = 0;
  const state = () =>
    within(organisation, async (tx) => {
      const [row] = await tx<{ status: string; open: number; unsettled: number }[]>`
        SELECT status, (SELECT count(*)::int FROM contacts WHERE campaign_id = ${campaign.id} AND state IN ('pending', 'calling')) AS open,
          (SELECT count(*)::int FROM calls WHERE campaign_id = ${campaign.id} AND NOT settled) AS unsettled
        FROM campaigns WHERE id = ${campaign.id}`;
      return row!;
    });
  const kills = await whileKilling(1_500, async () => {
    let lastOpen = calls;
    let movedAt = Date.now();
    for (;;) {
      const target = instances.any();
      if (target) {
        ticks++;
        await fetch(`${target}/api/scheduler/tick`, {
          method: "POST",
          headers: { authorization: `Bearer ${process.env["CRON_SHARED_SECRET"]}` },
          signal: AbortSignal.timeout(30_000),
        })
          .then((response) => response.arrayBuffer())
          .catch(() => undefined);
      }
      const { status, open, unsettled } = await state();
      if (open !== lastOpen) movedAt = Date.now();
      lastOpen = open;
      if (open > 0) longestPauseMs = Math.max(longestPauseMs, Date.now() - movedAt);
      if (status === "completed" && unsettled === 0) return;
      await sleep(300);
    }
  });
  provider.faults = noFaults;
  const perPerson = new Map<string, number>();
  for (const { number } of provider.calls.values()) perPerson.set(number, (perPerson.get(number) ?? 0) + 1);
  assert.equal(perPerson.size, calls, "everybody was called");
  assert.deepEqual(
    [...perPerson.values()].filter((count) => count !== 1),
    [],
    "nobody twice",
  );
  assert.ok(provider.peak.get(campaign.id)! <= cap, `the cap held: ${provider.peak.get(campaign.id)}`);
  const providers = [...provider.calls.values()].reduce(
    (sum, { cost }) => sum + Math.round(cost * 1_000_000),
    0,
  );
  const [ledger] = await within(
    organisation,
    (tx) => tx<{ sum: number; spent: number }[]>`
    SELECT sum(amount_microdollars)::bigint AS sum, (SELECT spent_microdollars FROM campaigns WHERE id = ${campaign.id}) AS spent
    FROM ledger WHERE campaign_id = ${campaign.id}`,
  );
  assert.deepEqual({ ...ledger }, { sum: providers, spent: providers }, "the ledger is the provider's");
  console.log(
    `seed ${seed}: ${calls} calls, cap ${cap}, peak ${provider.peak.get(campaign.id)}, ${ticks} ticks, ${kills} instances killed, ${Math.round((Date.now() - startedAt) / 1000)} s, longest without progress ${longestPauseMs} ms`,
  );
});
