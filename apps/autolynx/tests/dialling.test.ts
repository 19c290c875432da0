import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import "./setup.ts";
import { closeDatabase, within } from "../server/database.ts";
import { claim } from "../server/dialling/claim.ts";
import { dial } from "../server/dialling/dial.ts";
import { reconcile } from "../server/dialling/reconcile.ts";
import { refill } from "../server/dialling/refill.ts";
import { newCampaign, newOrganisation, type TestCampaign } from "./campaigns.ts";
import { noFaults, Provider, randomOf } from "./provider.ts";
import { emptyDatabase } from "./setup.ts";

let provider: Provider;
let organisation: string;
before(async () => {
  await emptyDatabase();
  provider = new Provider(randomOf(7));
  process.env["VAPI_BASE_URL"] = await provider.start();
});
beforeEach(async () => {
  organisation = await newOrganisation();
  provider.faults = noFaults;
  provider.lastsMs = 3_600_000;
  provider.calls.clear();
  provider.peak.clear();
  provider.active.clear();
});
after(async () => {
  provider.stop();
  await closeDatabase();
  setTimeout(() => process.exit(), 500).unref();
});

const statuses = ({ organisation, id }: TestCampaign) =>
  within(organisation, async (tx) => {
    const rows = await tx<{ status: string; count: number }[]>`
      SELECT status, count(*)::int AS count FROM calls WHERE campaign_id = ${id} GROUP BY status ORDER BY status`;
    return Object.fromEntries(rows.map(({ status, count }) => [status, count]));
  });

test("however many fill places at once, the cap holds", async () => {
  const campaign = await newCampaign(organisation, { contacts: 200, cap: 8 });
  await Promise.all(Array.from({ length: 30 }, () => refill(organisation)));
  assert.deepEqual(await statuses(campaign), { QUEUED: 8 });
  assert.equal(provider.calls.size, 8);
});

test("the organisation's lines are shared by its campaigns in turn", async () => {
  const limited = await newOrganisation(5);
  const first = await newCampaign(limited, { contacts: 20, firstNumber: 5_560_000 });
  const second = await newCampaign(limited, { contacts: 20, firstNumber: 5_570_000 });
  await refill(limited);
  const counts = [await statuses(first), await statuses(second)].map(({ QUEUED }) => QUEUED);
  assert.deepEqual(counts.sort(), [2, 3]);
});

test("two campaigns do not call the same person at once", async () => {
  await newCampaign(organisation, { contacts: 3, cap: 3 });
  await newCampaign(organisation, { contacts: 3, cap: 3 });
  await refill(organisation);
  await refill(organisation);
  assert.equal(new Set([...provider.calls.values()].map(({ number }) => number)).size, provider.calls.size);
  assert.equal(provider.calls.size, 3);
});

test("with strict batching nobody is called until all of the batch have ended", async () => {
  const campaign = await newCampaign(organisation, { contacts: 10, cap: 4, strict: true });
  await refill(organisation);
  await within(
    organisation,
    (tx) => tx`
    UPDATE calls SET status = 'COMPLETED', settled = true WHERE id IN (SELECT id FROM calls WHERE campaign_id = ${campaign.id} LIMIT 3)`,
  );
  await refill(organisation);
  assert.deepEqual(await statuses(campaign), { QUEUED: 1, COMPLETED: 3 });
  await within(
    organisation,
    (tx) => tx`UPDATE calls SET status = 'COMPLETED', settled = true WHERE campaign_id = ${campaign.id}`,
  );
  await refill(organisation);
  assert.deepEqual(await statuses(campaign), { QUEUED: 4, COMPLETED: 4 });
});

test("people are called within their own hours only", async () => {
  const noonUtc = new Date("2026-06-10T12:00:00Z");
  const tokyo = await newCampaign(organisation, {
    contacts: 1,
    timeZone: "Asia/Tokyo",
    window: ["09:00", "20:00"],
  });
  const berlin = await newCampaign(organisation, {
    contacts: 1,
    timeZone: "Europe/Berlin",
    window: ["09:00", "20:00"],
    firstNumber: 5_551_000,
  });
  const night = await newCampaign(organisation, {
    contacts: 1,
    timeZone: "Asia/Tokyo",
    window: ["20:30", "02:00"],
    firstNumber: 5_552_000,
  });
  const claimed = await claim(organisation, noonUtc);
  assert.deepEqual(new Set(claimed.map(({ campaignId }) => campaignId)), new Set([berlin.id, night.id]));
  assert.deepEqual(await statuses(tokyo), {});
});

test("an answer that got lost is looked up, and nobody is called twice", async () => {
  const campaign = await newCampaign(organisation, { contacts: 6, cap: 6 });
  provider.faults = { ...noFaults, dropAfter: 0.5, failBefore: 0.4 };
  const done = await refill(organisation);
  assert.ok(done.uncertain > 0);
  assert.equal((await statuses(campaign))["QUEUED"] ?? 0, done.placed);
  provider.faults = noFaults;
  await reconcile(organisation);
  const placed = provider.calls.size;
  assert.deepEqual((await statuses(campaign))["QUEUED"] ?? 0, placed);
  // What the list has not is called again, but only when no answer can come any more.
  await refill(organisation);
  assert.equal(provider.calls.size, placed);
  await within(
    organisation,
    (tx) => tx`UPDATE calls SET check_at = now() - interval '1 second' WHERE status = 'UNCERTAIN'`,
  );
  const { notPlaced } = await reconcile(organisation);
  assert.equal(notPlaced, 6 - placed);
  await within(organisation, (tx) => tx`UPDATE organisations SET paused_until = NULL`);
  await refill(organisation);
  assert.equal(provider.calls.size, 6);
  assert.equal(new Set([...provider.calls.values()].map(({ number }) => number)).size, 6);
});

test("whoever wrote intents and died has called nobody twice", async () => {
  const campaign = await newCampaign(organisation, { contacts: 4, cap: 4 });
  const intents = await claim(organisation);
  // Two were asked for, and their answers never written down.
  provider.faults = { ...noFaults, dropAfter: 1 };
  await Promise.all(intents.slice(0, 2).map(dial));
  provider.faults = noFaults;
  await within(
    organisation,
    (tx) => tx`UPDATE calls SET status = 'INTENDED', check_at = now() - interval '1 second'`,
  );
  await refill(organisation);
  assert.equal(provider.calls.size, 2);
  const { found } = await reconcile(organisation);
  assert.equal(found, 2);
  await within(
    organisation,
    (tx) => tx`UPDATE calls SET check_at = now() - interval '1 second' WHERE status = 'UNCERTAIN'`,
  );
  await reconcile(organisation);
  await within(organisation, (tx) => tx`UPDATE organisations SET paused_until = NULL`);
  await refill(organisation);
  assert.deepEqual(await statuses(campaign), { QUEUED: 4, NOT_PLACED: 2 });
  assert.equal(new Set([...provider.calls.values()].map(({ number }) => number)).size, 4);
});

test("too many requests leave the provider alone and cost nobody an attempt", async () => {
  const campaign = await newCampaign(organisation, { contacts: 4, cap: 4 });
  provider.faults = { ...noFaults, tooMany: 1 };
  assert.equal((await refill(organisation)).later, 4);
  const posts = provider.posts;
  provider.faults = noFaults;
  await refill(organisation);
  assert.equal(provider.posts, posts, "it is left alone");
  const contacts = await within(
    organisation,
    (tx) => tx`
    SELECT DISTINCT state, attempts FROM contacts WHERE campaign_id = ${campaign.id}`,
  );
  assert.deepEqual([...contacts], [{ state: "pending", attempts: 0 }]);
  await within(organisation, (tx) => tx`UPDATE organisations SET paused_until = now()`);
  assert.equal((await refill(organisation)).placed, 4);
});

test("row-level security shows an organisation nothing of another's, by any way", async () => {
  const campaign = await newCampaign(organisation, { contacts: 2 });
  await refill(organisation);
  const other = await newOrganisation();
  const partition = `calls_${campaign.cohort.slice(0, 7).replace("-", "_")}`;
  await within(other, async (tx) => {
    for (const table of [
      "campaigns",
      "contacts",
      "calls",
      "call_events",
      "ledger",
      "lines",
      "campaign_zones",
      partition,
    ])
      assert.equal((await tx`SELECT FROM ${tx(table)}`).count, 0, table);
    assert.equal((await tx`UPDATE calls SET summary = 'mine'`).count, 0);
    assert.equal((await tx`SELECT FROM organisations`).count, 1);
  });
  await assert.rejects(
    within(
      other,
      (tx) => tx`
      INSERT INTO do_not_call (organisation_id, phone, reason, added_by) VALUES (${organisation}, '+1', 'x', 'x')`,
    ),
    /row-level security/,
  );
});
