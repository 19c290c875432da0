import { createHmac } from "node:crypto";
import { join } from "node:path";
import { Client } from "pg";
import { request } from "../../e2e/harness/http.ts";
import type { Bench, Program } from "../bench.ts";
import { PeerFailedError } from "../errors.ts";
import { BenchPlatform } from "../platform/bench-platform.ts";
import { type Figure, formatCount } from "../report/figure.ts";
import { repository } from "../repository.ts";
import { median, percentile } from "../statistics.ts";

const app = "reminders";
const people = 10_000;
const texts = 1_000;
const textsPerSecond = 50;
const queueLimitMs = 60_000;
const setUpToken = "set-up-token-of-the-bench-0001";
const cronSecret = "cron-secret-of-the-bench-0001";

export const reminders: Program = {
  name: "reminders",
  title: "Reminders, one of the apps in `apps/`",
  tools: [],
  conditions: `The app as it is in \`apps/reminders\`, built and deployed from source, its PostgreSQL beside it, Twilio's twin outside. Queued: from the request of
the scheduler's daily run to the commit of the last of 10,000 texts, for 10,000 people who are due that day; the first that the app is asked after its deploy. Webhooks:
1,000 signed texts of people who are being asked, 50 a second whether or not earlier ones are answered, beginning when no instance runs; from the begin of each request to
the last byte of its answer, over connections of their own. Texts go out meanwhile.`,

  async run(bench: Bench): Promise<Figure[]> {
    const platform = await BenchPlatform.start(bench);
    bench.step("Building and deploying the app");
    await platform.control.ensureApp({ app });
    await platform.enableSandbox(app);
    const publicUrl = `http://${platform.authority(app)}`;
    await platform.control.setVariables({
      app: app as never,
      variables: { SETUP_TOKEN: setUpToken, PUBLIC_URL: publicUrl, CRON_SECRET: cronSecret },
    });
    const deployed = await platform.deploySource(join(repository, "apps/reminders"), app);
    const twins = await platform.twinVariables(app);
    const ask = (path: string, headers: Record<string, string>, body?: string) =>
      request({ port: platform.port, host: `${app}.localhost`, path, headers, ...(body && { body }) });
    await ask("/api/session/setup", { "content-type": "application/json", origin: publicUrl }, operator);
    const client = new Client({ connectionString: await platform.databaseUrl(app) });
    await client.connect();
    bench.resources.defer(() => client.end());
    await makePeople(client);
    await platform.untilQuiet();

    bench.step(`Asking ${formatCount(people)} people`);
    const queued = await measureQueue(client, () =>
      ask("/api/cron/daily-reminders", { authorization: `Bearer ${cronSecret}` }),
    );

    bench.step(`Answering for ${formatCount(texts)} of them`);
    await platform.stopInstances(deployed.id);
    const answers = await inTurn(texts, async (index) => {
      const form = {
        MessageSid: sidOf(index),
        From: phoneOf(index),
        To: twins["TWILIO_PHONE_NUMBER"]!,
        Body: "Yes",
      };
      const path = "/api/twilio/sms";
      const headers = {
        "content-type": "application/x-www-form-urlencoded",
        "x-twilio-signature": signature(twins["TWILIO_AUTH_TOKEN"]!, `${publicUrl}${path}`, form),
      };
      const beginMs = performance.now();
      const { status } = await ask(path, headers, new URLSearchParams(form).toString());
      if (status !== 200) throw new PeerFailedError(`A webhook was answered with ${status}`);
      return performance.now() - beginMs;
    });
    const { rows } = await client.query(
      "SELECT count(*)::int AS count FROM occurrences WHERE status = 'answered'",
    );
    if (rows[0].count !== texts) throw new PeerFailedError(`${rows[0].count} of ${texts} answers were taken`);
    return [
      {
        id: "reminders-queued",
        what: "10,000 due reminders queued",
        goal: { kind: "limit", most: 10, unit: "s" },
        value: queued / 1_000,
        measured: `${(queued / 1_000).toFixed(1)} s`,
        samples: [queued / 1_000],
      },
      {
        id: "reminders-webhook",
        what: "answer to a text, cold start included",
        goal: { kind: "limit", most: 300, unit: "ms", statistic: "p99" },
        value: percentile(answers, 0.99),
        measured: `${percentile(answers, 0.99).toFixed(0)} ms (p50 ${median(answers).toFixed(1)} ms, most ${Math.max(...answers).toFixed(0)} ms)`,
        samples: answers,
      },
    ];
  },
};

const operator = JSON.stringify({
  token: setUpToken,
  email: "operator@example.com",
  name: "Operator",
  password: "a long enough password",
});
const phoneOf = (index: number) => `+1415${5_000_000 + index}`;
const sidOf = (index: number) => `SM${index.toString(16).padStart(32, "0")}`;

/** Their reminder is due within the day, and none before now. */
async function makePeople(client: Client): Promise<void> {
  const due = new Date(Date.now() + 3_600_000).toISOString();
  await client.query(
    `INSERT INTO contacts (name, phone, time_zone, consent)
     SELECT 'Person ' || i, '+1415' || (5000000 + i), 'UTC', 'given' FROM generate_series(0, $1::int - 1) i`,
    [people],
  );
  await client.query(
    `INSERT INTO reminders (contact_id, kind, title, channel, flow_id, starts_on, times, rrule)
     SELECT id, 'medication', 'Pills', 'sms', 'medication', $1::date, ARRAY[$2::time], 'FREQ=DAILY' FROM contacts`,
    [due.slice(0, 10), due.slice(11, 16)],
  );
}

/** @returns milliseconds until every text is in the queue */
async function measureQueue(client: Client, run: () => Promise<unknown>): Promise<number> {
  const beginMs = performance.now();
  // It goes on with sending after that, as long as a function may run.
  const ended = run().catch(() => undefined);
  for (;;) {
    const { rows } = await client.query(
      "SELECT count(*)::int AS count FROM messages WHERE direction = 'out'",
    );
    const passedMs = performance.now() - beginMs;
    if (rows[0].count >= people) {
      await ended;
      return passedMs;
    }
    if (passedMs > queueLimitMs)
      throw new PeerFailedError(`${rows[0].count} of ${people} reminders were queued`);
    await Bun.sleep(50);
  }
}

/** Begins one after the other at the rate, however long each takes. */
async function inTurn(count: number, run: (index: number) => Promise<number>): Promise<number[]> {
  const beginMs = performance.now();
  const running: Promise<number>[] = [];
  for (let index = 0; index < count; index++) {
    const waitMs = beginMs + (index * 1_000) / textsPerSecond - performance.now();
    if (waitMs > 0) await Bun.sleep(waitMs);
    running.push(run(index));
  }
  return Promise.all(running);
}

/** https://www.twilio.com/docs/usage/security#validating-requests */
function signature(token: string, url: string, form: Record<string, string>): string {
  const signed = Object.keys(form)
    .sort()
    .reduce((text, name) => text + name + form[name], url);
  return createHmac("sha1", token).update(signed).digest("base64");
}
