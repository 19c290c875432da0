import { Hono } from "hono";
import { audit } from "../access/audit.ts";
import type { CallerVariables } from "../access/require-caller.ts";
import { campaignRows } from "../campaigns/campaign-routes.ts";
import { type Scoped, within } from "../database.ts";
import { environment } from "../environment.ts";
import { isOn } from "../flags.ts";
import { idOf, refused } from "../http/refused.ts";
import { safeCell } from "./safe-cell.ts";
import { cachedSummary, summaryOf } from "./summary.ts";

export interface CallListItem {
  id: string;
  campaignId: string;
  phone: string;
  name: string;
  status: string;
  attempt: number;
  intendedAt: Date;
  startedAt: Date | null;
  endedAt: Date | null;
  endedReason: string | null;
  durationMs: number | null;
  costMicrodollars: number | null;
  success: boolean | null;
  outcome: string | null;
  sentiment: string | null;
  summary: string | null;
}

const pageSize = 50;

/** Calls of one campaign or of all, the newest first; `words` are looked for in what was said and summed up. */
export const callList = (
  tx: Scoped,
  wish: { campaign?: string; status?: string; words?: string; before?: string; limit?: number },
) => tx<CallListItem[]>`
  SELECT a.id, a.campaign_id AS "campaignId", a.phone, k.name, a.status, a.attempt, a.intended_at AS "intendedAt", a.started_at AS "startedAt",
    a.ended_at AS "endedAt", a.ended_reason AS "endedReason", a.duration_ms AS "durationMs", a.cost_microdollars AS "costMicrodollars",
    a.success, a.outcome, a.sentiment, a.summary
  FROM calls a JOIN contacts k ON k.cohort = a.cohort AND k.id = a.contact_id
  WHERE (${wish.campaign ?? null}::uuid IS NULL OR a.campaign_id = ${wish.campaign ?? null}::uuid)
    AND (${wish.status ?? null}::text IS NULL OR a.status::text = ${wish.status ?? null})
    AND (${wish.words ?? null}::text IS NULL OR a.search @@ websearch_to_tsquery('simple', ${wish.words ?? ""}))
    AND (${wish.before ?? null}::timestamptz IS NULL OR a.intended_at < ${wish.before ?? null}::timestamptz)
  ORDER BY a.intended_at DESC LIMIT ${wish.limit ?? pageSize}`;

export const callOf = (tx: Scoped, id: string) => tx<
  (CallListItem & {
    campaign: string;
    transcript: string | null;
    structured: Record<string, unknown> | null;
    recordingUrl: string | null;
    oddities: string[];
    settled: boolean;
    fields: Record<string, string>;
    providerCallId: string | null;
  })[]
>`
  SELECT a.id, a.campaign_id AS "campaignId", c.name AS campaign, a.phone, k.name, k.fields, a.status, a.attempt, a.intended_at AS "intendedAt",
    a.started_at AS "startedAt", a.ended_at AS "endedAt", a.ended_reason AS "endedReason", a.duration_ms AS "durationMs",
    a.cost_microdollars AS "costMicrodollars", a.success, a.outcome, a.sentiment, a.summary, a.transcript, a.structured,
    a.recording_url AS "recordingUrl", a.oddities, a.settled, a.provider_call_id AS "providerCallId"
  FROM calls a JOIN contacts k ON k.cohort = a.cohort AND k.id = a.contact_id JOIN campaigns c ON c.id = a.campaign_id
  WHERE a.id = ${id}`;

export const resultRoutes = new Hono<CallerVariables>()
  .get("/campaigns/:id/summary", async (c) => {
    const { organisation } = c.get("caller");
    const id = idOf(c);
    const summary = await within(organisation, async (tx) => {
      const [campaign] = await campaignRows(tx, id);
      if (!campaign) throw refused("There is no such campaign", 404);
      return campaign.archivedAt
        ? ((await tx`SELECT final_summary FROM campaigns WHERE id = ${id}`)[0]!["final_summary"] as never)
        : await cachedSummary(`${organisation} ${id}`, () =>
            within(organisation, (tx) => summaryOf(tx, campaign)),
          );
    });
    return c.json(summary, 200, { "cache-control": "private, max-age=60" });
  })
  .get("/campaigns/:id/calls", async (c) => {
    const { q, status, before } = c.req.query();
    const calls = await within(c.get("caller").organisation, (tx) =>
      callList(tx, {
        campaign: idOf(c),
        ...(q && { words: q }),
        ...(status && { status }),
        ...(before && { before: instant(before) }),
      }),
    );
    return c.json({ calls, before: calls.length < pageSize ? null : calls.at(-1)!.intendedAt });
  })
  .get("/campaigns/:id/export", async (c) => {
    const caller = c.get("caller");
    const id = idOf(c);
    if (!(await isOn("exportFunctionality"))) throw refused("Exports are switched off for now", 403);
    const format = c.req.query("format") ?? "csv";
    if (format !== "csv" && format !== "json") throw refused("The format is csv or json");
    const [campaign] = await within(caller.organisation, async (tx) => {
      const rows = await campaignRows(tx, id);
      if (rows.length > 0) await audit(tx, caller, "exported results", id, { format });
      return rows;
    });
    if (!campaign) throw refused("There is no such campaign", 404);
    const name = campaign.name.replace(/[^\w.-]+/g, "-").slice(0, 60) || "campaign";
    return new Response(exported(caller.organisation, campaign, format), {
      headers: {
        "content-type": format === "csv" ? "text/csv; charset=utf-8" : "application/json",
        "content-disposition": `attachment; filename="${name}.${format}"`,
        "cache-control": "no-store",
      },
    });
  })
  .get("/calls/:id", async (c) => {
    const [call] = await within(c.get("caller").organisation, (tx) => callOf(tx, idOf(c)));
    if (!call) throw refused("There is no such call", 404);
    const { recordingUrl, ...rest } = call;
    return c.json({ ...rest, recording: recordingUrl === null ? null : `/api/calls/${call.id}/recording` });
  })
  .get("/calls/:id/recording", async (c) => {
    const [call] = await within(c.get("caller").organisation, (tx) => callOf(tx, idOf(c)));
    if (!call?.recordingUrl || !isProviders(call.recordingUrl))
      throw refused("There is no recording of this call", 404);
    const range = c.req.header("range");
    const response = await fetch(call.recordingUrl, {
      redirect: "error",
      signal: AbortSignal.timeout(30_000),
      ...(range && { headers: { range } }),
    }).catch(() => undefined);
    if (!response?.ok) throw refused("The provider does not give the recording now", 502);
    const headers = new Headers({ "cache-control": "private, max-age=3600" });
    for (const kept of ["content-type", "content-length", "content-range", "accept-ranges"]) {
      const value = response.headers.get(kept);
      if (value !== null) headers.set(kept, value);
    }
    return new Response(response.body, { status: response.status, headers });
  })
  .get("/search", async (c) => {
    const words = (c.req.query("q") ?? "").trim();
    if (words === "") return c.json({ calls: [] });
    return c.json({ calls: await within(c.get("caller").organisation, (tx) => callList(tx, { words })) });
  })
  .get("/spend", async (c) => c.json(await within(c.get("caller").organisation, spendOf)));

export async function spendOf(tx: Scoped) {
  const days = await tx<{ day: string; costMicrodollars: number; calls: number }[]>`
    SELECT day::text, sum(amount_microdollars)::bigint AS "costMicrodollars", count(DISTINCT call_id)::int AS calls
    FROM ledger WHERE day > (now() AT TIME ZONE 'UTC')::date - 30 GROUP BY day ORDER BY day`;
  const campaigns = await tx<
    { id: string; name: string; spentMicrodollars: number; budgetMicrodollars: number | null }[]
  >`
    SELECT id, name, spent_microdollars AS "spentMicrodollars", budget_microdollars AS "budgetMicrodollars"
    FROM campaigns WHERE spent_microdollars > 0 ORDER BY spent_microdollars DESC LIMIT 50`;
  const [month] = await tx<{ spentMicrodollars: number; budgetMicrodollars: number | null }[]>`
    SELECT (SELECT coalesce(sum(amount_microdollars), 0)::bigint FROM ledger WHERE day >= date_trunc('month', now() AT TIME ZONE 'UTC')::date) AS "spentMicrodollars",
      monthly_budget_microdollars AS "budgetMicrodollars" FROM organisations WHERE id = current_organisation()`;
  const alerts = await tx<
    {
      scope: string;
      thresholdPercent: number;
      spentMicrodollars: number;
      budgetMicrodollars: number;
      raisedAt: Date;
    }[]
  >`
    SELECT scope, threshold_percent AS "thresholdPercent", spent_microdollars AS "spentMicrodollars", budget_microdollars AS "budgetMicrodollars",
      raised_at AS "raisedAt" FROM spend_alerts ORDER BY raised_at DESC LIMIT 20`;
  return { days: [...days], campaigns: [...campaigns], month: month!, alerts: [...alerts] };
}

const columns = [
  ...["phone", "name", "status", "attempt", "startedAt", "endedAt", "endedReason", "durationMs", "cost"],
  ...["success", "outcome", "sentiment", "summary", "transcript"],
] as const;

/** Row by row, so that ten thousand transcripts are never in memory at once. */
function exported(
  organisation: string,
  { id, cohort }: { id: string; cohort: string },
  format: "csv" | "json",
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  const rows = pages(organisation, id, cohort);
  let begun = false;
  return new ReadableStream({
    async pull(controller) {
      const { value, done } = await rows.next();
      let text = "";
      if (!begun) text = format === "csv" ? `\ufeff${columns.join(",")}\r\n` : "[";
      for (const [index, row] of (value ?? []).entries()) {
        text +=
          format === "csv"
            ? `${columns.map((name) => safeCell(row[name])).join(",")}\r\n`
            : `${begun || index > 0 ? ",\n" : "\n"}${JSON.stringify(row)}`;
      }
      if (value && value.length > 0) begun = true;
      else if (!done) begun = true;
      if (done && format === "json") text += "\n]\n";
      if (text !== "") controller.enqueue(encoder.encode(text));
      if (done) controller.close();
    },
  });
}

async function* pages(
  organisation: string,
  id: string,
  cohort: string,
): AsyncGenerator<Record<string, unknown>[]> {
  let after = "00000000-0000-0000-0000-000000000000";
  for (;;) {
    const rows = await within(
      organisation,
      (tx) => tx<Record<string, unknown>[]>`
        SELECT a.id, a.phone, k.name, a.status, a.attempt, a.started_at AS "startedAt", a.ended_at AS "endedAt", a.ended_reason AS "endedReason",
          a.duration_ms AS "durationMs", a.cost_microdollars::float8 / 1000000 AS cost, a.success, a.outcome, a.sentiment, a.summary, a.transcript,
          a.structured, k.fields
        FROM calls a JOIN contacts k ON k.cohort = a.cohort AND k.id = a.contact_id
        WHERE a.cohort = ${cohort} AND a.campaign_id = ${id} AND a.id > ${after} ORDER BY a.id LIMIT 500`,
    );
    if (rows.length === 0) return;
    yield [...rows];
    after = String(rows.at(-1)!["id"]);
  }
}

/** Recordings are fetched from the provider and from nowhere else, whatever a message said. */
function isProviders(url: string): boolean {
  try {
    const { protocol, hostname } = new URL(url);
    const own = new URL(environment().VAPI_BASE_URL).hostname;
    return (
      protocol === "https:" &&
      (hostname === "storage.vapi.ai" || hostname.endsWith(".vapi.ai") || hostname === own)
    );
  } catch {
    return false;
  }
}

function instant(text: string): string {
  const ms = Date.parse(text);
  if (Number.isNaN(ms)) throw refused("`before` is no time");
  return new Date(ms).toISOString();
}
