import { Hono } from "hono";
import { z } from "zod";
import { audit } from "../access/audit.ts";
import { type CallerVariables, requireAdmin } from "../access/require-caller.ts";
import { dollars } from "../calls/fold-facts.ts";
import { type Scoped, within } from "../database.ts";
import { checkLine } from "../dialling/line-health.ts";
import { bodyOf, refused } from "../http/refused.ts";
import { syncProvider } from "./sync.ts";

export const assistantsOf = (tx: Scoped) => tx<
  { id: string; name: string; firstMessage: string | null; model: string | null }[]
>`
  SELECT id, name, first_message AS "firstMessage", model FROM assistants WHERE gone_at IS NULL ORDER BY name`;

export const linesOf = (tx: Scoped) => tx<
  {
    id: string;
    number: string | null;
    name: string | null;
    health: string;
    healthReason: string | null;
    checkedAt: Date | null;
  }[]
>`
  SELECT id, number, name, health, health_reason AS "healthReason", checked_at AS "checkedAt" FROM lines WHERE gone_at IS NULL ORDER BY number`;

export const settingsOf = async (tx: Scoped) => {
  const [row] = await tx<
    { name: string; lineLimit: number; monthlyBudgetMicrodollars: number | null; pausedUntil: Date | null }[]
  >`
    SELECT name, line_limit AS "lineLimit", monthly_budget_microdollars AS "monthlyBudgetMicrodollars",
      CASE WHEN paused_until > now() THEN paused_until END AS "pausedUntil"
    FROM organisations WHERE id = current_organisation()`;
  return row!;
};

/** What the provider has for us, and how much of it we use. */
export const providerRoutes = new Hono<CallerVariables>()
  .get("/assistants", async (c) =>
    c.json({ assistants: await within(c.get("caller").organisation, assistantsOf) }),
  )
  .get("/lines", async (c) => c.json({ lines: await within(c.get("caller").organisation, linesOf) }))
  .post("/lines/:id/check", async (c) => {
    const caller = c.get("caller");
    const id = c.req.param("id");
    const known = await within(caller.organisation, (tx) => tx`SELECT FROM lines WHERE id = ${id}`);
    if (known.count === 0) throw refused("There is no such line", 404);
    return c.json(await checkLine(caller.organisation, id));
  })
  .post("/sync", async (c) => {
    const caller = c.get("caller");
    const synced = await syncProvider(caller.organisation);
    await within(caller.organisation, (tx) =>
      audit(tx, caller, "synchronised with the provider", "", { ...synced }),
    );
    return c.json(synced);
  })
  .get("/settings", async (c) => c.json(await within(c.get("caller").organisation, settingsOf)))
  .patch("/settings", requireAdmin, async (c) => {
    const caller = c.get("caller");
    const given = await bodyOf(
      c,
      z.object({
        name: z.string().trim().min(1).max(100).optional(),
        lineLimit: z.number().int().min(1).max(10_000).optional(),
        /** Dollars a month. */
        monthlyBudget: z.number().positive().max(10_000_000).nullish(),
      }),
    );
    await within(caller.organisation, async (tx) => {
      await tx`
        UPDATE organisations SET name = coalesce(${given.name ?? null}, name), line_limit = coalesce(${given.lineLimit ?? null}::int, line_limit),
          monthly_budget_microdollars = CASE WHEN ${given.monthlyBudget !== undefined}
            THEN ${given.monthlyBudget ? Math.round(given.monthlyBudget * dollars) : null}::bigint ELSE monthly_budget_microdollars END
        WHERE id = ${caller.organisation}`;
      await audit(tx, caller, "changed the settings", "", given);
    });
    return c.json({ saved: true });
  });
