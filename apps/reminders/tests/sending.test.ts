import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { closeDatabase, database } from "../server/database.ts";
import { sendQueued } from "../server/messages/send-queued.ts";
import { emptyDatabase } from "./setup.ts";

before(emptyDatabase);
after(closeDatabase);

test("however many instances have something to send, the number keeps its rate, and all of it is tried", async () => {
  const sql = database();
  await sql`
    INSERT INTO messages (key, direction, channel, phone, body, status)
    SELECT 'notice/' || i, 'out', 'sms', '+14155550100', 'Hello', 'queued' FROM generate_series(1, 35) i`;
  await Promise.all(Array.from({ length: 8 }, () => sendQueued(sql, 60_000)));
  const batches = await sql<{ at: number; count: number }[]>`
    SELECT extract(epoch FROM sending_since)::float8 AS at, count(*)::int AS count FROM messages WHERE attempts > 0
    GROUP BY sending_since ORDER BY sending_since`;
  assert.equal(
    batches.reduce((sum, { count }) => sum + count, 0),
    35,
  );
  for (const [index, { at, count }] of batches.entries()) {
    assert.ok(count <= 10, `${count} at once`);
    const next = batches[index + 1];
    // By the database's clock, so a slow machine changes nothing.
    if (next)
      assert.ok(next.at - at >= count / 10 - 0.001, `${count} messages, the next after ${next.at - at} s`);
  }
});
