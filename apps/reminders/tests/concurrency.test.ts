import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { createHmac } from "node:crypto";
import { after, before, test } from "node:test";
import { handleLeftTexts } from "../server/conversations/receive-text.ts";
import {
  type ConversationEvent,
  type Standing,
  takeStep,
  unbegun,
} from "../server/conversations/take-step.ts";
import { takeTimeOuts } from "../server/conversations/time-outs.ts";
import { closeDatabase, database } from "../server/database.ts";
import type { Flow } from "../server/flows/flow.ts";
import { askDue } from "../server/reminders/ask-due.ts";
import { personWithReminder } from "./people.ts";
import { emptyDatabase } from "./setup.ts";

/** `CONVERSATIONS=1000 npm test` for the whole of it. */
const count = Number(process.env["CONVERSATIONS"] ?? 60);
const seed = Number(process.env["SEED"] ?? 20260301);
const instances: { process: ChildProcess; port: number }[] = [];

/** mulberry32: the same seed gives the same run of texts, duplicates and kills. */
function randomOf(start: number): () => number {
  let state = start;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
const random = randomOf(seed);
const pick = <T>(list: T[]): T => list[Math.floor(random() * list.length)]!;

async function startInstance(slot: number): Promise<void> {
  const child = spawn(process.execPath, [new URL("./instance.ts", import.meta.url).pathname], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  const port = await new Promise<number>((resolve, reject) => {
    child.stdout!.once("data", (line) => resolve(Number(String(line).trim())));
    child.once("error", reject);
  });
  instances[slot] = { process: child, port };
}

async function deliver(text: { sid: string; from: string; body: string }): Promise<void> {
  const form = { MessageSid: text.sid, From: text.from, Body: text.body, NumMedia: "0" };
  const signed = `https://reminders.example/api/twilio/sms${Object.entries(form)
    .sort()
    .map((pair) => pair.join(""))
    .join("")}`;
  const signature = createHmac("sha1", process.env["TWILIO_AUTH_TOKEN"]!).update(signed).digest("base64");
  // Twilio tries again when a connection breaks; so does this, at whichever instance is there.
  for (;;) {
    const answered = await fetch(`http://127.0.0.1:${pick(instances).port}/api/twilio/sms`, {
      method: "POST",
      headers: { "content-type": "application/x-www-form-urlencoded", "x-twilio-signature": signature },
      body: new URLSearchParams(form).toString(),
    }).then(
      (response) => response.status === 200,
      () => false,
    );
    if (answered) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

before(async () => {
  await emptyDatabase();
  await Promise.all([0, 1, 2].map(startInstance));
});
after(async () => {
  for (const { process } of instances) process.kill("SIGKILL");
  await closeDatabase();
});

test("duplicates, reorderings, simultaneous replies and killed instances leave what a serial run leaves", async () => {
  const sql = database();
  const due = new Date(Date.now() - 60_000);
  const people = [];
  for (let index = 0; index < count; index++) {
    people.push(
      await personWithReminder({
        phone: `+1415${String(5_560_000 + index)}`,
        dueAt: due,
        flow: pick(["medication", "check-in"]),
      }),
    );
  }
  await askDue(sql, new Date());
  const bodies = ["yes", "no", "4", "1", "what?", "later", "I fell", "👍", ""];
  const texts = people.flatMap(({ phone }, person) =>
    Array.from({ length: 1 + Math.floor(random() * 4) }, (_, index) => ({
      sid: `SM${String(person).padStart(16, "0")}${String(index).padStart(16, "0")}`,
      from: phone,
      body: pick(bodies),
    })),
  );
  // A third comes twice or thrice, and nothing in order.
  const deliveries = texts.flatMap((text) =>
    Array.from({ length: random() < 0.33 ? 2 + Math.floor(random() * 2) : 1 }, () => text),
  );
  for (let index = deliveries.length - 1; index > 0; index--) {
    const other = Math.floor(random() * (index + 1));
    [deliveries[index], deliveries[other]] = [deliveries[other]!, deliveries[index]!];
  }
  let kills = 0;
  let busy = true;
  const killer = (async () => {
    while (busy) {
      await new Promise((resolve) => setTimeout(resolve, 150));
      const slot = Math.floor(random() * instances.length);
      instances[slot]!.process.kill("SIGKILL");
      kills++;
      await startInstance(slot);
    }
  })();
  const workers = Array.from({ length: 24 }, async () => {
    for (let next = deliveries.pop(); next; next = deliveries.pop()) await deliver(next);
  });
  await Promise.all(workers);
  busy = false;
  await killer;
  // What a killed instance left is dealt with by the tick.
  await sql`UPDATE messages SET created_at = created_at - interval '1 minute' WHERE direction = 'in' AND status = 'received'`;
  const left = await handleLeftTexts(sql, new Date());
  await takeTimeOuts(sql, new Date());

  const [open] = await sql<
    { count: number }[]
  >`SELECT count(*)::int AS count FROM messages WHERE direction = 'in' AND status = 'received'`;
  assert.equal(open!.count, 0, "every text is dealt with");
  const [received] = await sql<
    { count: number }[]
  >`SELECT count(*)::int AS count FROM messages WHERE direction = 'in'`;
  assert.equal(received!.count, texts.length, "every text is kept once");

  const conversations = await sql<(Standing & { id: string; revision: number; flow: Flow })[]>`
    SELECT c.id, c.status, c.state, c.variables, c.unclear, c.revision, c.outcome, c.worrying, c.times_out_at AS "timesOutAt", f.definition AS flow
    FROM conversations c JOIN flow_versions f ON f.flow_id = c.flow_id AND f.version = c.flow_version`;
  assert.equal(conversations.length, count);
  let steps = 0;
  for (const conversation of conversations) {
    const events = await sql<{ revision: number; event: ConversationEvent; said: string[]; at: Date }[]>`
      SELECT revision, event, said, at FROM conversation_events WHERE conversation_id = ${conversation.id} ORDER BY revision`;
    let standing = unbegun(conversation.flow, { name: "Rosa", title: "Vitamin D", time: "09:00" });
    for (const [index, { revision, event, said, at }] of events.entries()) {
      assert.equal(revision, index + 1, "no step is missing");
      const step = takeStep(conversation.flow, standing, event, "en", at);
      assert.ok(step);
      assert.deepEqual(step.says, said);
      standing = step.next;
      steps++;
    }
    const { status, state, variables, unclear, outcome, worrying, timesOutAt } = conversation;
    assert.deepEqual({ status, state, variables, unclear, outcome, worrying, timesOutAt }, standing);
    const queued = await sql`
      SELECT key FROM messages WHERE direction = 'out' AND conversation_id = ${conversation.id} AND caregiver_id IS NULL`;
    assert.equal(
      queued.length,
      events.filter(({ said }) => said.length > 0).length,
      "each step is said once",
    );
  }
  console.log(
    `seed ${seed}: ${count} conversations, ${texts.length} texts, ${steps} steps, ${kills} instances killed, ${left} texts left to the tick`,
  );
});
