import type { Scoped } from "../database.ts";

/** How a campaign stands. */
export interface Summary {
  contacts: { total: number; pending: number; calling: number; done: number; skipped: number };
  calls: { active: number; ended: number; byStatus: Record<string, number> };
  /** Of the calls that were conversations and were judged; null where there are none. */
  successRate: number | null;
  averageDurationMs: number | null;
  costMicrodollars: number;
  sentiments: Record<string, number>;
  outcomes: Record<string, number>;
  /** Calls that ended and what they cost, by quarter of an hour, the newest 96. */
  timeline: { at: string; completed: number; other: number; costMicrodollars: number }[];
}

export async function summaryOf(tx: Scoped, campaign: { id: string; cohort: string }): Promise<Summary> {
  const { id, cohort } = campaign;
  const [contacts] = await tx<Summary["contacts"][]>`
    SELECT count(*)::int AS total, count(*) FILTER (WHERE state = 'pending')::int AS pending, count(*) FILTER (WHERE state = 'calling')::int AS calling,
      count(*) FILTER (WHERE state = 'done')::int AS done, count(*) FILTER (WHERE state = 'skipped')::int AS skipped
    FROM contacts WHERE cohort = ${cohort} AND campaign_id = ${id}`;
  const statuses = await tx<
    { status: string; count: number; cost: number; durationMs: number; judged: number; succeeded: number }[]
  >`
    SELECT status, count(*)::int AS count, coalesce(sum(cost_microdollars), 0)::bigint AS cost, coalesce(sum(duration_ms), 0)::bigint AS "durationMs",
      count(success)::int AS judged, count(*) FILTER (WHERE success)::int AS succeeded
    FROM calls WHERE cohort = ${cohort} AND campaign_id = ${id} AND status <> 'NOT_PLACED' GROUP BY status ORDER BY status`;
  const marks = await tx<{ kind: "sentiment" | "outcome"; value: string; count: number }[]>`
    SELECT kind, value, count(*)::int AS count FROM calls, LATERAL (VALUES ('sentiment', sentiment), ('outcome', outcome)) AS v (kind, value)
    WHERE cohort = ${cohort} AND campaign_id = ${id} AND value IS NOT NULL GROUP BY 1, 2 ORDER BY 3 DESC`;
  const timeline = await tx<Summary["timeline"]>`
    SELECT to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS at, completed, other, "costMicrodollars" FROM (
      SELECT date_bin('15 minutes', updated_at, '2000-01-01') AS at, count(*) FILTER (WHERE status = 'COMPLETED')::int AS completed,
        count(*) FILTER (WHERE status <> 'COMPLETED')::int AS other, coalesce(sum(cost_microdollars), 0)::bigint AS "costMicrodollars"
      FROM calls WHERE cohort = ${cohort} AND campaign_id = ${id} AND ended_at IS NOT NULL GROUP BY 1 ORDER BY 1 DESC LIMIT 96
    ) newest ORDER BY at`;
  const active = new Set(["INTENDED", "UNCERTAIN", "QUEUED", "RINGING", "IN_PROGRESS"]);
  const sum = (read: (each: (typeof statuses)[number]) => number) =>
    statuses.reduce((total, each) => total + read(each), 0);
  const completed = statuses.find(({ status }) => status === "COMPLETED");
  const judged = sum((each) => each.judged);
  const record = (kind: "sentiment" | "outcome") =>
    Object.fromEntries(marks.filter((each) => each.kind === kind).map(({ value, count }) => [value, count]));
  return {
    contacts: contacts!,
    calls: {
      active: sum(({ status, count }) => (active.has(status) ? count : 0)),
      ended: sum(({ status, count }) => (active.has(status) ? 0 : count)),
      byStatus: Object.fromEntries(statuses.map(({ status, count }) => [status, count])),
    },
    successRate: judged === 0 ? null : sum((each) => each.succeeded) / judged,
    averageDurationMs:
      completed && completed.count > 0 ? Math.round(completed.durationMs / completed.count) : null,
    costMicrodollars: sum((each) => each.cost),
    sentiments: record("sentiment"),
    outcomes: record("outcome"),
    timeline: [...timeline],
  };
}

export interface ActiveCall {
  id: string;
  status: string;
  phone: string;
  name: string;
  attempt: number;
  since: Date;
}

export const activeCalls = (tx: Scoped, { id, cohort }: { id: string; cohort: string }) => tx<ActiveCall[]>`
  SELECT a.id, a.status, a.phone, k.name, a.attempt, coalesce(a.started_at, a.intended_at) AS since
  FROM calls a JOIN contacts k ON k.cohort = a.cohort AND k.id = a.contact_id
  WHERE a.cohort = ${cohort} AND a.campaign_id = ${id} AND a.status IN ('INTENDED', 'UNCERTAIN', 'QUEUED', 'RINGING', 'IN_PROGRESS')
  ORDER BY a.intended_at LIMIT 100`;

const freshMs = 60_000;
const cached = new Map<string, { at: number; summary: Promise<Summary> }>();

/** The summary, at most a minute old. What has to be newer is watched live. */
export function cachedSummary(key: string, make: () => Promise<Summary>): Promise<Summary> {
  const known = cached.get(key);
  if (known && Date.now() - known.at < freshMs) return known.summary;
  if (cached.size > 1_000) cached.clear();
  const summary = make();
  cached.set(key, { at: Date.now(), summary });
  summary.catch(() => cached.delete(key));
  return summary;
}
