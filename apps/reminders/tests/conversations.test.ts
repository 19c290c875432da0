import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { handleLeftTexts } from "../server/conversations/receive-text.ts";
import { takeTimeOuts } from "../server/conversations/time-outs.ts";
import { closeDatabase, database } from "../server/database.ts";
import { takeStatus } from "../server/messages/status.ts";
import { askDue } from "../server/reminders/ask-due.ts";
import { planAhead } from "../server/reminders/plan.ts";
import { fromTwilio, personWithReminder, sentTo } from "./people.ts";
import { emptyDatabase } from "./setup.ts";

const due = new Date(Date.now() - 60_000);
const hourMs = 3_600_000;
let texts = 0;
const text = (
  from: string,
  body: string,
  sid = `SM${String(++texts).padStart(32, "0")}`,
  more: Record<string, string> = {},
) =>
  fromTwilio("/api/twilio/sms", {
    MessageSid: sid,
    From: from,
    To: "+15005550006",
    Body: body,
    NumMedia: "0",
    ...more,
  });
interface Stored {
  id: string;
  status: string;
  outcome: string | null;
  state: string;
  revision: number;
  worrying: boolean;
  channel: string;
}
const conversationOf = async (contact: string) =>
  (await database()`SELECT status, outcome, state, revision, worrying, channel, id FROM conversations WHERE contact_id = ${contact} ORDER BY created_at, id`) as unknown as [
    Stored,
    ...Stored[],
  ];

before(emptyDatabase);
beforeEach(
  async () =>
    void (await database()`WITH gone AS (DELETE FROM messages), ticks AS (DELETE FROM clockwork) DELETE FROM contacts`),
);
after(closeDatabase);

test("a reminder is asked once, however often and from wherever it is asked for", async () => {
  const person = await personWithReminder({ phone: "+14155550100", dueAt: due });
  await Promise.all(Array.from({ length: 6 }, () => askDue(database(), new Date())));
  assert.equal((await conversationOf(person.id)).length, 1);
  assert.deepEqual(await sentTo(person.phone), [
    "Hello Rosa, it is time for: Vitamin D. Have you taken it? Answer YES or NO.",
  ]);
});

test("a yes is thanked for, a webhook that comes twice is not", async () => {
  const person = await personWithReminder({ phone: "+14155550101", dueAt: due });
  await askDue(database(), new Date());
  const sid = `SM${"a".repeat(32)}`;
  const answers = await Promise.all([1, 2, 3].map(() => text(person.phone, "Yes", sid)));
  for (const answer of answers) assert.equal(answer.status, 200);
  assert.equal((await text(person.phone, "Yes", sid)).status, 200);
  assert.equal((await conversationOf(person.id))[0].outcome, "confirmed");
  assert.deepEqual((await sentTo(person.phone)).slice(1), ["Thank you, Rosa. Well done."]);
});

test("forged, replayed to another address, or signed for another host: nothing is done", async () => {
  const person = await personWithReminder({ phone: "+14155550102", dueAt: due });
  await askDue(database(), new Date());
  const form = { MessageSid: `SM${"b".repeat(32)}`, From: person.phone, Body: "Yes" };
  assert.equal((await fromTwilio("/api/twilio/sms", form, "https://attacker.example")).status, 403);
  assert.equal((await conversationOf(person.id))[0].status, "active");
});

test("STOP in any language ends all that is under way, and what is queued is not sent", async () => {
  const person = await personWithReminder({ phone: "+14155550103", dueAt: due, language: "fr" });
  await personWithReminder({ phone: "+14155550103", dueAt: due, title: "Second" });
  await askDue(database(), new Date());
  await text(person.phone, "ARRÊT");
  const conversations = await conversationOf(person.id);
  assert.deepEqual(
    conversations.map(({ status, outcome }) => [status, outcome]),
    [
      ["ended", "stopped"],
      ["ended", "stopped"],
    ],
  );
  const messages = await database()`SELECT key, status FROM messages WHERE direction = 'out'`;
  const prompt = messages.filter(({ key }) => !key.startsWith("notice/"));
  assert.deepEqual(
    prompt.map(({ status }) => status),
    ["cancelled"],
  );
  assert.equal(messages.length, 2, "the opt-out itself is confirmed");
  const [contact] = await database()`SELECT consent FROM contacts WHERE id = ${person.id}`;
  assert.equal(contact!["consent"], "withdrawn");
  await text(person.phone, "Début");
  const events =
    await database()`SELECT consent FROM consent_events WHERE contact_id = ${person.id} ORDER BY id`;
  assert.deepEqual(
    events.map(({ consent }) => consent),
    ["withdrawn", "given"],
  );
});

test("two reminders at once are asked one after the other, so that an answer is never ambiguous", async () => {
  const person = await personWithReminder({ phone: "+14155550104", dueAt: due, title: "First" });
  await personWithReminder({ phone: "+14155550104", dueAt: due, title: "Second" });
  await askDue(database(), new Date());
  assert.deepEqual((await conversationOf(person.id)).map(({ status }) => status).sort(), [
    "active",
    "waiting",
  ]);
  await text(person.phone, "yes");
  const [, second] = await Promise.all([0, conversationOf(person.id)]);
  assert.deepEqual(second.map(({ status }) => status).sort(), ["active", "ended"]);
  await text(person.phone, "yes");
  assert.deepEqual(
    (await conversationOf(person.id)).map(({ outcome }) => outcome),
    ["confirmed", "confirmed"],
  );
});

test("two simultaneous answers are taken one after the other, and the second is not lost", async () => {
  const person = await personWithReminder({ phone: "+14155550105", dueAt: due });
  await askDue(database(), new Date());
  await Promise.all([text(person.phone, "no"), text(person.phone, "no")]);
  const [conversation] = await conversationOf(person.id);
  assert.equal(conversation.revision, 3);
  assert.equal(conversation.outcome, "declined");
});

test("two misses in a row are told to the caregiver who wants to know at two", async () => {
  const person = await personWithReminder({ phone: "+14155550106", dueAt: due });
  const sql = database();
  await sql`INSERT INTO caregivers (contact_id, name, phone) VALUES (${person.id}, 'Ana', '+14155550199')`;
  await askDue(sql, new Date());
  await takeTimeOuts(sql, new Date(Date.now() + 1.1 * hourMs));
  await takeTimeOuts(sql, new Date(Date.now() + 2.3 * hourMs));
  assert.deepEqual(await sentTo("+14155550199"), []);
  await sql`INSERT INTO occurrences (reminder_id, contact_id, local_day, local_time, due_at)
            VALUES (${person.reminder}, ${person.id}, '2026-01-02', '10:00', ${new Date()})`;
  await askDue(sql, new Date());
  await takeTimeOuts(sql, new Date(Date.now() + 3.5 * hourMs));
  await takeTimeOuts(sql, new Date(Date.now() + 4.7 * hourMs));
  assert.deepEqual(await sentTo("+14155550199"), [
    'Rosa has not answered "Vitamin D" 2 times in a row. Please look after them.',
  ]);
});

test("an edited flow leaves conversations under way on their version", async () => {
  const person = await personWithReminder({ phone: "+14155550107", dueAt: due });
  const sql = database();
  await askDue(sql, new Date());
  await sql`INSERT INTO flow_versions (flow_id, version, definition)
            SELECT flow_id, 2, jsonb_set(definition, '{states,taken,say,en}', '"Changed"') FROM flow_versions WHERE flow_id = 'medication' AND version = 1`;
  await text(person.phone, "yes");
  assert.equal((await sentTo(person.phone)).at(-1), "Thank you, Rosa. Well done.");
  await sql`DELETE FROM flow_versions WHERE flow_id = 'medication' AND version = 2`;
});

test("nobody is left without an answer: late, unknown, empty, long and picture-only texts", async () => {
  const person = await personWithReminder({ phone: "+14155550108", dueAt: due });
  await askDue(database(), new Date());
  await text(person.phone, "", undefined, { NumMedia: "1" });
  await text(person.phone, "ä".repeat(1_700));
  assert.equal((await sentTo(person.phone)).filter((body) => body.startsWith("Sorry")).length, 2);
  await text(person.phone, "yes");
  await text(person.phone, "and good night");
  assert.match((await sentTo(person.phone)).at(-1)!, /no open question/);
  await text("+14155550777", "who are you?");
  await text("+14155550777", "hello?");
  assert.equal((await sentTo("+14155550777")).length, 1);
});

test("a text that was kept before the instance ended is dealt with by the next tick, once", async () => {
  const person = await personWithReminder({ phone: "+14155550109", dueAt: due });
  const sql = database();
  await askDue(sql, new Date());
  await sql`INSERT INTO messages (key, direction, channel, contact_id, phone, body, status, sid, created_at)
            VALUES ('in/SMleft', 'in', 'sms', ${person.id}, ${person.phone}, 'yes', 'received', 'SMleft', now() - interval '1 minute')`;
  await Promise.all([handleLeftTexts(sql, new Date()), handleLeftTexts(sql, new Date())]);
  const [conversation] = await conversationOf(person.id);
  assert.equal(conversation.outcome, "confirmed");
  assert.equal(conversation.revision, 2);
});

test("status callbacks count in any order and never go back", async () => {
  const sql = database();
  const [message] = await sql<{ id: string }[]>`
    INSERT INTO messages (key, direction, channel, phone, body, status) VALUES ('m', 'out', 'sms', '+14155550110', 'x', 'sending') RETURNING id`;
  const status = async () => (await sql`SELECT status, sid FROM messages WHERE id = ${message!.id}`)[0]!;
  await takeStatus(sql, message!.id, "SM1", "delivered", null);
  await takeStatus(sql, message!.id, "SM1", "sent", null);
  await takeStatus(sql, message!.id, "SM2", "undelivered", "30003");
  assert.deepEqual({ ...(await status()) }, { status: "delivered", sid: "SM1" });
});

test("the same flow goes by telephone: keys, silence, and a webhook that comes twice", async () => {
  const person = await personWithReminder({ phone: "+14155550111", dueAt: due, channel: "voice" });
  await askDue(database(), new Date());
  const [{ id }] = await conversationOf(person.id);
  const call = (path: string, form: Record<string, string>) =>
    fromTwilio(path, { CallSid: `CA${"1".repeat(32)}`, ...form }).then((answer) => answer.text());
  const question = await call(`/api/twilio/voice?conversation=${id}`, { AnsweredBy: "human" });
  assert.match(question, /<Gather input="dtmf speech" action="([^"]+)"/);
  assert.match(question, /Hello Rosa/);
  const action = /action="([^"]+)"/.exec(question)![1]!.replaceAll("&amp;", "&");
  const silence = await call(action, {});
  assert.match(silence, /Sorry/);
  const next = /action="([^"]+)"/.exec(silence)![1]!.replaceAll("&amp;", "&");
  const first = await call(next, { Digits: "1" });
  assert.match(first, /Well done.*<Hangup\/>/);
  assert.equal(await call(next, { Digits: "1" }), first);
  assert.equal((await conversationOf(person.id))[0].outcome, "confirmed");
  assert.equal((await sentTo(person.phone)).length, 1, "within a call nothing is queued");
});

test("a voicemail is told the question, which goes on by text", async () => {
  const person = await personWithReminder({ phone: "+14155550112", dueAt: due, channel: "voice" });
  await askDue(database(), new Date());
  const [{ id }] = await conversationOf(person.id);
  const twiml = await (
    await fromTwilio(`/api/twilio/voice?conversation=${id}`, { CallSid: "CA9", AnsweredBy: "machine_start" })
  ).text();
  assert.doesNotMatch(twiml, /Gather/);
  await text(person.phone, "yes");
  assert.equal((await conversationOf(person.id))[0].outcome, "confirmed");
});

test("what people are called cannot become markup of a call", async () => {
  const person = await personWithReminder({
    phone: "+14155550113",
    dueAt: due,
    channel: "voice",
    title: "</Say><Dial>+1900</Dial>",
  });
  await askDue(database(), new Date());
  const [{ id }] = await conversationOf(person.id);
  const twiml = await (await fromTwilio(`/api/twilio/voice?conversation=${id}`, { CallSid: "CA9" })).text();
  assert.doesNotMatch(twiml, /<Dial>/);
});

test("days are planned once, in each contact's own time, over a change of clocks", async () => {
  const sql = database();
  const [contact] = await sql<{ id: string }[]>`
    INSERT INTO contacts (name, phone, time_zone, consent) VALUES ('Ben', '+14155550114', 'Europe/Berlin', 'given') RETURNING id`;
  await sql`INSERT INTO reminders (contact_id, kind, title, channel, flow_id, starts_on, times, rrule)
            VALUES (${contact!.id}, 'check_in', 'Hello', 'sms', 'check-in', '2026-03-01', '{02:30,03:30,09:00}', 'FREQ=DAILY')`;
  const now = new Date("2026-03-28T12:00:00Z");
  await Promise.all([planAhead(sql, now), planAhead(sql, now)]);
  const rows = await sql<
    { at: Date }[]
  >`SELECT due_at AS at FROM occurrences WHERE local_day = '2026-03-29' ORDER BY due_at`;
  assert.deepEqual(
    rows.map(({ at }) => at.toISOString()),
    ["2026-03-29T01:30:00.000Z", "2026-03-29T07:00:00.000Z"],
  );
});

test("who has not agreed is not asked, and what is too late is not either", async () => {
  const person = await personWithReminder({
    phone: "+14155550115",
    dueAt: new Date(Date.now() - 7 * hourMs),
  });
  const other = await personWithReminder({ phone: "+14155550116", dueAt: due });
  const sql = database();
  await sql`UPDATE contacts SET consent = 'pending' WHERE id = ${other.id}`;
  await askDue(sql, new Date());
  const rows =
    await sql`SELECT reason FROM occurrences WHERE contact_id = ANY(${[person.id, other.id]}) ORDER BY reason`;
  assert.deepEqual(
    rows.map(({ reason }) => reason),
    ["no consent", "too late"],
  );
});
