import { type Context, Hono } from "hono";
import { z } from "zod";
import { audit } from "../access/audit.ts";
import type { CallerVariables } from "../access/require-caller.ts";
import { dollars } from "../calls/fold-facts.ts";
import { skipUnwanted } from "../contacts/store-contacts.ts";
import { type Scoped, within } from "../database.ts";
import { checkLine } from "../dialling/line-health.ts";
import { refill } from "../dialling/refill.ts";
import { environment } from "../environment.ts";
import { isOn } from "../flags.ts";
import { afterwards } from "../http/afterwards.ts";
import { bodyOf, idOf, refused } from "../http/refused.ts";
import { openCohort } from "./open-cohort.ts";

const time = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, "must be a time like 09:00");
const zone = z.string().refine((name) => {
  try {
    return /[A-Za-z]/.test(name) && Boolean(new Intl.DateTimeFormat("en", { timeZone: name }));
  } catch {
    return false;
  }
}, "must be a time zone like Europe/Berlin");

const settings = z.object({
  name: z.string().trim().min(1).max(120),
  assistantId: z.string().min(1).max(100),
  lineId: z.string().min(1).max(100),
  cap: z.number().int().min(1).max(1_000).optional(),
  strictBatching: z.boolean().optional(),
  windowFrom: time.default("09:00"),
  windowUntil: time.default("20:00"),
  windowDays: z.array(z.number().int().min(1).max(7)).min(1).default([1, 2, 3, 4, 5]),
  timeZone: zone.default("UTC"),
  country: z
    .string()
    .regex(/^[A-Z]{2}$/, "must be a country like US")
    .nullish(),
  maxAttempts: z.number().int().min(1).max(10).default(2),
  retryAfterMinutes: z.number().int().min(0).max(10_080).default(60),
  retryOutcomes: z
    .array(z.enum(["NO_ANSWER", "BUSY", "VOICEMAIL", "FAILED"]))
    .default(["NO_ANSWER", "BUSY", "FAILED"]),
  /** Dollars. */
  budget: z.number().positive().max(1_000_000).nullish(),
});

export interface CampaignRow {
  id: string;
  name: string;
  status: "draft" | "running" | "paused" | "completed" | "canceled";
  pauseReason: string | null;
  cap: number;
  strictBatching: boolean;
  windowFrom: string;
  windowUntil: string;
  windowDays: number[];
  timeZone: string;
  country: string | null;
  maxAttempts: number;
  retryAfterMinutes: number;
  retryOutcomes: string[];
  budgetMicrodollars: number | null;
  spentMicrodollars: number;
  cohort: string;
  createdAt: Date;
  startedAt: Date | null;
  endedAt: Date | null;
  archivedAt: Date | null;
  assistantId: string;
  assistant: string | null;
  lineId: string;
  line: string | null;
  lineHealth: string;
  lineHealthReason: string | null;
}

/** Campaigns as pages and the API show them; the newest first. */
export const campaignRows = (tx: Scoped, id?: string) => tx<CampaignRow[]>`
  SELECT c.id, c.name, c.status, c.pause_reason AS "pauseReason", c.cap, c.strict_batching AS "strictBatching",
    to_char(c.window_from, 'HH24:MI') AS "windowFrom", to_char(c.window_until, 'HH24:MI') AS "windowUntil", c.window_days AS "windowDays",
    c.default_time_zone AS "timeZone", c.default_country AS country, c.max_attempts AS "maxAttempts",
    c.retry_after_minutes AS "retryAfterMinutes", c.retry_outcomes AS "retryOutcomes", c.budget_microdollars AS "budgetMicrodollars",
    c.spent_microdollars AS "spentMicrodollars", c.cohort, c.created_at AS "createdAt", c.started_at AS "startedAt", c.ended_at AS "endedAt",
    c.archived_at AS "archivedAt", c.assistant_id AS "assistantId", a.name AS assistant, c.line_id AS "lineId", l.number AS line,
    coalesce(l.health, 'unknown') AS "lineHealth", l.health_reason AS "lineHealthReason"
  FROM campaigns c
  LEFT JOIN assistants a ON a.organisation_id = c.organisation_id AND a.id = c.assistant_id
  LEFT JOIN lines l ON l.organisation_id = c.organisation_id AND l.id = c.line_id
  WHERE ${id ?? null}::uuid IS NULL OR c.id = ${id ?? null}::uuid
  ORDER BY c.created_at DESC LIMIT 500`;

export const campaignRoutes = new Hono<CallerVariables>()
  .get("/", async (c) =>
    c.json({ campaigns: await within(c.get("caller").organisation, (tx) => campaignRows(tx)) }),
  )
  .post("/", async (c) => {
    const caller = c.get("caller");
    const given = await bodyOf(c, settings);
    const strict = await isOn("strictBatching");
    await openCohort(0);
    const campaign = await within(caller.organisation, async (tx) => {
      await requireKnown(tx, given);
      const [row] = await tx<{ id: string }[]>`
        INSERT INTO campaigns (organisation_id, name, assistant_id, line_id, cap, strict_batching, window_from, window_until, window_days,
          default_time_zone, default_country, max_attempts, retry_after_minutes, retry_outcomes, budget_microdollars, created_by)
        VALUES (${caller.organisation}, ${given.name}, ${given.assistantId}, ${given.lineId}, ${given.cap ?? environment().DEFAULT_CONCURRENCY_CAP},
          ${given.strictBatching ?? strict}, ${given.windowFrom}, ${given.windowUntil}, ${given.windowDays}, ${given.timeZone}, ${given.country ?? null},
          ${given.maxAttempts}, ${given.retryAfterMinutes}, ${given.retryOutcomes}, ${given.budget ? Math.round(given.budget * dollars) : null}, ${caller.name})
        RETURNING id`;
      await audit(tx, caller, "made a campaign", row!.id, { name: given.name });
      return row!;
    });
    return c.json(campaign, 201);
  })
  .get("/:id", async (c) => {
    const id = idOf(c);
    const [campaign] = await within(c.get("caller").organisation, (tx) => campaignRows(tx, id));
    if (!campaign) throw refused("There is no such campaign", 404);
    return c.json(campaign);
  })
  .patch("/:id", async (c) => {
    const caller = c.get("caller");
    const given = await bodyOf(
      c,
      z
        .object({
          name: settings.shape.name,
          cap: z.number().int().min(1).max(1_000),
          strictBatching: z.boolean(),
          windowFrom: time,
          windowUntil: time,
          budget: settings.shape.budget,
        })
        .partial(),
    );
    const id = idOf(c);
    await within(caller.organisation, async (tx) => {
      const campaign = await locked(tx, id);
      if (campaign.status === "completed" || campaign.status === "canceled")
        throw refused("The campaign is over", 409);
      await tx`
        UPDATE campaigns SET name = coalesce(${given.name ?? null}, name), cap = coalesce(${given.cap ?? null}::int, cap),
          strict_batching = coalesce(${given.strictBatching ?? null}::boolean, strict_batching),
          window_from = coalesce(${given.windowFrom ?? null}::time, window_from), window_until = coalesce(${given.windowUntil ?? null}::time, window_until),
          budget_microdollars = CASE WHEN ${given.budget !== undefined} THEN ${given.budget ? Math.round(given.budget * dollars) : null}::bigint ELSE budget_microdollars END
        WHERE id = ${id}`;
      await audit(tx, caller, "changed a campaign", id, given);
    });
    return c.json({ id });
  })
  .delete("/:id", async (c) => {
    const caller = c.get("caller");
    const id = idOf(c);
    await within(caller.organisation, async (tx) => {
      const campaign = await locked(tx, id);
      if (campaign.status !== "draft")
        throw refused(
          "A campaign that has begun is kept: cancel it. What it cost and whom it called stay known",
          409,
        );
      await tx`DELETE FROM contacts WHERE cohort = ${campaign.cohort} AND campaign_id = ${id}`;
      await tx`DELETE FROM campaigns WHERE id = ${id}`;
      await audit(tx, caller, "deleted a campaign", id, { name: campaign.name });
    });
    return c.json({ id });
  })
  .post("/:id/start", async (c) => {
    const caller = c.get("caller");
    const id = idOf(c);
    const [campaign] = await within(caller.organisation, (tx) => campaignRows(tx, id));
    if (!campaign) throw refused("There is no such campaign", 404);
    const line = (await isOn("phoneLineHealthCheck"))
      ? await checkLine(caller.organisation, campaign.lineId)
      : undefined;
    if (line?.health === "unhealthy") throw refused(`The line is not healthy: ${line.reason}`, 409);
    await move(c, "start", ["draft"], "running", "started a campaign");
    afterwards(refill(caller.organisation));
    return c.json({ id, status: "running" });
  })
  .post("/:id/pause", (c) => move(c, "pause", ["running"], "paused", "paused a campaign"))
  .post("/:id/resume", async (c) => {
    const answer = await move(c, "resume", ["paused"], "running", "resumed a campaign");
    afterwards(refill(c.get("caller").organisation));
    return answer;
  })
  .post("/:id/cancel", (c) =>
    move(c, "cancel", ["draft", "running", "paused"], "canceled", "cancelled a campaign"),
  );

interface Locked {
  status: CampaignRow["status"];
  name: string;
  cohort: string;
}

/** The organisation's row first, as whoever fills places does: nothing is claimed meanwhile. */
export async function locked(tx: Scoped, id: string): Promise<Locked> {
  await tx`SELECT FROM organisations WHERE id = current_organisation() FOR UPDATE`;
  const [campaign] = await tx<
    Locked[]
  >`SELECT status, name, cohort FROM campaigns WHERE id = ${id} FOR UPDATE`;
  if (!campaign) throw refused("There is no such campaign", 404);
  return campaign;
}

async function move(
  c: Context<CallerVariables>,
  verb: string,
  from: CampaignRow["status"][],
  to: CampaignRow["status"],
  action: string,
): Promise<Response> {
  const caller = c.get("caller");
  const id = idOf(c);
  await within(caller.organisation, async (tx) => {
    const campaign = await locked(tx, id);
    if (!from.includes(campaign.status))
      throw refused(`The campaign is ${campaign.status}: there is nothing to ${verb}`, 409);
    if (verb === "start") {
      await skipUnwanted(tx, { id, cohort: campaign.cohort });
      const [row] = await tx<{ count: number }[]>`
        SELECT count(*)::int AS count FROM contacts WHERE cohort = ${campaign.cohort} AND campaign_id = ${id} AND state = 'pending'`;
      if (row!.count === 0) throw refused("The campaign has nobody to call. Add contacts first", 409);
    }
    await tx`
      UPDATE campaigns SET status = ${to}, pause_reason = NULL, started_at = CASE WHEN ${to === "running"} THEN coalesce(started_at, now()) ELSE started_at END,
        ended_at = CASE WHEN ${to === "canceled"} THEN now() ELSE NULL END
      WHERE id = ${id}`;
    if (to === "canceled")
      await tx`
        UPDATE contacts SET state = 'skipped', outcome = 'canceled'
        WHERE cohort = ${campaign.cohort} AND campaign_id = ${id} AND state = 'pending'`;
    await audit(tx, caller, action, id, { name: campaign.name });
  });
  return c.json({ id, status: to });
}

async function requireKnown(tx: Scoped, given: { assistantId: string; lineId: string }): Promise<void> {
  const [known] = await tx<{ assistant: boolean; line: boolean }[]>`
    SELECT EXISTS (SELECT FROM assistants WHERE id = ${given.assistantId} AND gone_at IS NULL) AS assistant,
      EXISTS (SELECT FROM lines WHERE id = ${given.lineId} AND gone_at IS NULL) AS line`;
  const faults = [
    ...(known!.assistant ? [] : [{ path: "assistantId", message: "is none of the provider's assistants" }]),
    ...(known!.line ? [] : [{ path: "lineId", message: "is none of the provider's numbers" }]),
  ];
  if (faults.length > 0) throw refused("Some values are not right", 400, { faults });
}
