// Measures what is promised: `TEST_DATABASE_URL=… npm run measure`. The database is emptied.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import "../setup.ts";
import { readContacts } from "../../server/contacts/read-contacts.ts";
import { storeContacts } from "../../server/contacts/store-contacts.ts";
import { closeDatabase, within } from "../../server/database.ts";
import { claim } from "../../server/dialling/claim.ts";
import { dial } from "../../server/dialling/dial.ts";
import { tick } from "../../server/dialling/tick.ts";
import { app } from "../../server/http/app.ts";
import { newCampaign, newOrganisation } from "../campaigns.ts";
import { Provider, randomOf, signed } from "../provider.ts";
import { emptyDatabase } from "../setup.ts";

const percentile = (values: number[], share: number) =>
  [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))]!;
const round = (value: number) => Math.round(value * 10) / 10;

await emptyDatabase();
const provider = new Provider(randomOf(1));
process.env["VAPI_BASE_URL"] = await provider.start();

async function importOf10000(): Promise<void> {
  const rows = Array.from(
    { length: 10_000 },
    (_, index) =>
      `Person ${index},+1415${5_550_000 + index},America/New_York,Town ${index},"a note, with a comma"`,
  );
  const file = Buffer.from(`name,phone,time zone,city,note\n${rows.join("\n")}\n`);
  const times: number[] = [];
  for (let run = 0; run < 5; run++) {
    const organisation = await newOrganisation();
    const campaign = await newCampaign(organisation, { contacts: 0, status: "draft" });
    const startedAt = performance.now();
    const read = await readContacts(pieces(file), { country: undefined, timeZone: "UTC" });
    await within(organisation, (tx) => storeContacts(tx, organisation, campaign, read.contacts));
    times.push(performance.now() - startedAt);
  }
  console.log(`10,000 rows read and stored: ${times.map(round).join(", ")} ms (goal 2,000)`);
}

async function* pieces(bytes: Buffer): AsyncGenerator<Uint8Array> {
  for (let from = 0; from < bytes.length; from += 65_536) yield bytes.subarray(from, from + 65_536);
}

async function tickOver100(): Promise<void> {
  const organisation = await newOrganisation(10_000);
  for (let index = 0; index < 100; index++)
    await newCampaign(organisation, { contacts: 500, cap: 8, firstNumber: 2_000_000 + index * 1_000 });
  provider.lastsMs = 3_600_000;
  const first = await tick();
  const times: number[] = [];
  for (let run = 0; run < 20; run++) {
    const startedAt = performance.now();
    await tick();
    times.push(performance.now() - startedAt);
  }
  console.log(
    `tick over 100 running campaigns, all places taken: median ${round(percentile(times, 0.5))} ms, p95 ${round(percentile(times, 0.95))} ms (goal 200); the first, which placed ${first.placed} calls: ${first.ms} ms`,
  );
}

async function webhooksAt100(): Promise<void> {
  const organisation = await newOrganisation(10_000);
  await newCampaign(organisation, { contacts: 1_000, cap: 1_000, firstNumber: 7_000_000 });
  provider.webhooks = [];
  provider.lastsMs = 30;
  for (const intents of [await claim(organisation)]) await Promise.all(intents.map(dial));
  while (provider.underWay > 800) await new Promise((resolve) => setTimeout(resolve, 20));
  await within(organisation, (tx) => tx`UPDATE campaigns SET status = 'paused'`);
  const bodies = provider.webhooks.filter(({ body }) => body.includes(organisation)).map(({ body }) => body);
  const server = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const answer = await app.fetch(
      new Request(`http://instance${request.url}`, {
        method: "POST",
        headers: request.headers as Record<string, string>,
        body: Buffer.concat(parts),
      }),
    );
    response.writeHead(answer.status);
    response.end(Buffer.from(await answer.arrayBuffer()));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/webhooks/vapi`;
  const times: number[] = [];
  const seconds = 20;
  const startedAt = performance.now();
  const under: Promise<void>[] = [];
  for (let index = 0; index < seconds * 100; index++) {
    const waitMs = startedAt + index * 10 - performance.now();
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
    const body = bodies[index % bodies.length]!;
    const askedAt = performance.now();
    under.push(
      fetch(url, { method: "POST", headers: signed(body), body }).then(async (response) => {
        await response.arrayBuffer();
        if (response.status !== 200) throw new Error(`${response.status}`);
        times.push(performance.now() - askedAt);
      }),
    );
  }
  await Promise.all(under);
  server.closeAllConnections();
  server.close();
  console.log(
    `webhooks at 100/s for ${seconds} s (${bodies.length} different): median ${round(percentile(times, 0.5))} ms, p99 ${round(percentile(times, 0.99))} ms, worst ${round(Math.max(...times))} ms (goal p99 200)`,
  );
}

await importOf10000();
await tickOver100();
await webhooksAt100();
provider.stop();
await closeDatabase();
process.exit();
