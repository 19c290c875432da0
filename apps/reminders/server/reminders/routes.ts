import { Hono } from "hono";
import { z } from "zod";
import { audit } from "../audit.ts";
import { database } from "../database.ts";
import { body, refused } from "../http/body.ts";
import type { OperatorVariables } from "../operators/session.ts";
import { replanContact } from "./plan.ts";
import { dayFault, ruleFault } from "./recurrence.ts";

const reminder = z
  .object({
    contactId: z.uuid(),
    kind: z.enum(["medication", "appointment", "check_in"]),
    title: z.string().trim().min(1, "is missing").max(120),
    channel: z.enum(["sms", "voice"]),
    flowId: z.string().min(1),
    startsOn: z.string(),
    times: z
      .array(z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, "must be a time like 09:00"))
      .min(1, "needs a time")
      .max(24),
    rrule: z
      .string()
      .max(200)
      .nullish()
      .transform((value) => value || null),
  })
  .superRefine((given, context) => {
    const day = dayFault(given.startsOn);
    if (day) context.addIssue({ code: "custom", path: ["startsOn"], message: day });
    else if (given.rrule) {
      const rule = ruleFault(given.rrule, given.startsOn);
      if (rule) context.addIssue({ code: "custom", path: ["rrule"], message: rule });
    }
    if (new Set(given.times).size !== given.times.length) {
      context.addIssue({ code: "custom", path: ["times"], message: "has a time twice" });
    }
  });

export const reminderRoutes = new Hono<OperatorVariables>()
  .post("/", async (c) => {
    const given = await body(c, reminder);
    const added = await database().begin(async (sql) => {
      const [row] = await sql<{ id: string }[]>`
        INSERT INTO reminders (contact_id, kind, title, channel, flow_id, starts_on, times, rrule)
        SELECT c.id, ${given.kind}, ${given.title}, ${given.channel}, f.id, ${given.startsOn}::text::date, ${given.times}::text[]::time[], ${given.rrule}
        FROM contacts c, flows f WHERE c.id = ${given.contactId} AND c.archived_at IS NULL AND f.id = ${given.flowId} RETURNING id`;
      if (!row) throw refused("There is no such contact or flow", undefined, 404);
      await replanContact(sql, given.contactId, new Date());
      await audit(sql, c.get("operator"), "reminder.add", row.id);
      return row;
    });
    return c.json(added, 201);
  })
  .post("/:id/pause", (c) =>
    change(c.req.param("id"), "paused_at", true, c.get("operator")).then((id) => c.json({ id })),
  )
  .post("/:id/resume", (c) =>
    change(c.req.param("id"), "paused_at", false, c.get("operator")).then((id) => c.json({ id })),
  )
  .delete("/:id", (c) =>
    change(c.req.param("id"), "archived_at", true, c.get("operator")).then((id) => c.json({ id })),
  );

async function change(
  id: string,
  column: "paused_at" | "archived_at",
  set: boolean,
  operator: OperatorVariables["Variables"]["operator"],
): Promise<string> {
  await database().begin(async (sql) => {
    const [row] = await sql<{ contactId: string }[]>`
      UPDATE reminders SET ${sql({ [column]: set ? new Date() : null })} WHERE id::text = ${id} AND archived_at IS NULL
      RETURNING contact_id AS "contactId"`;
    if (!row) throw refused("There is no such reminder", undefined, 404);
    await replanContact(sql, row.contactId, new Date());
    await audit(sql, operator, `reminder.${column}.${set}`, id);
  });
  return id;
}
