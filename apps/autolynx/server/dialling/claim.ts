import { within } from "../database.ts";
import { timing } from "../timing.ts";

/** An intent to call, written and not asked for yet. */
export interface Intent {
  organisation: string;
  cohort: string;
  id: string;
  campaignId: string;
  contactId: string;
  attempt: number;
  phone: string;
  name: string;
  fields: Record<string, string>;
  assistantId: string;
  lineId: string;
  /** By `performance.now()`: an intent that lies too long is reconciliation's, not to be asked for any more. */
  claimedAtMs: number;
}

/**
 * Writes as many intents as there are places: within each campaign's cap, within the organisation's lines, where the contact's local time is within the
 * window. The organisation's row is locked throughout, so however many ticks and webhooks run at once, each sees what the others have taken.
 */
export function claim(organisation: string, now = new Date()): Promise<Intent[]> {
  const { intentMs } = timing();
  return within(organisation, async (tx) => {
    const [limits] = await tx<{ lines: number; paused: boolean }[]>`
      SELECT line_limit AS lines, coalesce(paused_until > now(), false) AS paused
      FROM organisations WHERE id = ${organisation} FOR UPDATE`;
    if (!limits || limits.paused) return [];
    // Where nobody is left to call, the campaign is over; where its money is spent, it waits for somebody.
    await tx`
      UPDATE campaigns c SET status = 'completed', ended_at = now() WHERE c.status = 'running'
        AND NOT EXISTS (SELECT FROM contacts k WHERE k.campaign_id = c.id AND k.cohort = c.cohort AND k.state IN ('pending', 'calling'))`;
    await tx`
      UPDATE campaigns SET status = 'paused', pause_reason = 'Its budget is spent'
      WHERE status = 'running' AND budget_microdollars <= spent_microdollars`;
    const claimed = await tx<Intent[]>`
      WITH running AS (
        SELECT c.*, CASE WHEN c.strict_batching AND a.active > 0 THEN 0 ELSE c.cap - a.active END AS free
        FROM campaigns c
        JOIN lines l ON l.organisation_id = c.organisation_id AND l.id = c.line_id AND l.health <> 'unhealthy'
        CROSS JOIN LATERAL (
          SELECT count(*)::int AS active FROM calls WHERE calls.cohort = c.cohort AND calls.campaign_id = c.id
            AND calls.status IN ('INTENDED', 'UNCERTAIN', 'QUEUED', 'RINGING', 'IN_PROGRESS')
        ) a
        WHERE c.status = 'running'
      ), free_lines AS (
        SELECT greatest(0, ${limits.lines}::int - count(*))::int AS count FROM calls
        WHERE status IN ('INTENDED', 'UNCERTAIN', 'QUEUED', 'RINGING', 'IN_PROGRESS')
      ), open_zones AS (
        SELECT r.id, z.time_zone FROM running r JOIN campaign_zones z ON z.campaign_id = r.id
        CROSS JOIN LATERAL (SELECT ${now}::timestamptz AT TIME ZONE z.time_zone AS at) local
        WHERE r.free > 0 AND CASE
          WHEN r.window_from < r.window_until
            THEN local.at::time >= r.window_from AND local.at::time < r.window_until AND extract(isodow FROM local.at) = ANY(r.window_days)
          WHEN r.window_from = r.window_until THEN extract(isodow FROM local.at) = ANY(r.window_days)
          -- Over midnight: the small hours belong to the day before.
          ELSE (local.at::time >= r.window_from AND extract(isodow FROM local.at) = ANY(r.window_days))
            OR (local.at::time < r.window_until AND extract(isodow FROM local.at - interval '1 day') = ANY(r.window_days))
        END
      ), due AS (
        SELECT r.id AS campaign_id, r.cohort, r.assistant_id, r.line_id, k.id AS contact_id, k.phone, k.name, k.fields, k.attempts,
          row_number() OVER (PARTITION BY r.id ORDER BY k.next_attempt_at, k.line) AS turn
        FROM running r CROSS JOIN LATERAL (
          SELECT k.* FROM open_zones z CROSS JOIN LATERAL (
            SELECT * FROM contacts k WHERE k.cohort = r.cohort AND k.campaign_id = r.id AND k.time_zone = z.time_zone
              AND k.state = 'pending' AND k.next_attempt_at <= now()
              AND NOT EXISTS (
                SELECT FROM calls o WHERE o.organisation_id = k.organisation_id AND o.phone = k.phone
                  AND o.status IN ('INTENDED', 'UNCERTAIN', 'QUEUED', 'RINGING', 'IN_PROGRESS'))
            ORDER BY k.next_attempt_at, k.line LIMIT r.free
          ) k WHERE z.id = r.id
          ORDER BY k.next_attempt_at, k.line LIMIT r.free
        ) k
      ), chosen AS (
        -- Campaigns take turns; nobody is called by two of them at once.
        SELECT * FROM (SELECT DISTINCT ON (phone) * FROM due ORDER BY phone, turn, campaign_id) d
        ORDER BY turn, campaign_id LIMIT (SELECT count FROM free_lines)
      ), taken AS (
        UPDATE contacts k SET state = 'calling', attempts = k.attempts + 1
        FROM chosen c WHERE k.cohort = c.cohort AND k.id = c.contact_id AND k.state = 'pending'
        RETURNING k.cohort, k.id, k.attempts
      )
      INSERT INTO calls (cohort, organisation_id, campaign_id, contact_id, attempt, phone, search_from, check_at)
      SELECT c.cohort, ${organisation}, c.campaign_id, c.contact_id, t.attempts, c.phone, o.newest_call_at, now() + make_interval(secs => ${intentMs / 1_000})
      FROM chosen c JOIN taken t ON t.cohort = c.cohort AND t.id = c.contact_id JOIN organisations o ON o.id = ${organisation}
      ORDER BY c.turn
      RETURNING ${organisation} AS organisation, cohort, id, campaign_id AS "campaignId", contact_id AS "contactId", attempt, phone,
        '' AS name, '{}'::jsonb AS fields, '' AS "assistantId", '' AS "lineId"`;
    if (claimed.length === 0) return [];
    const details = await tx<Pick<Intent, "id" | "name" | "fields" | "assistantId" | "lineId">[]>`
      SELECT a.id, k.name, k.fields, c.assistant_id AS "assistantId", c.line_id AS "lineId"
      FROM calls a JOIN contacts k ON k.cohort = a.cohort AND k.id = a.contact_id JOIN campaigns c ON c.id = a.campaign_id
      WHERE a.id = ANY(${claimed.map(({ id }) => id)}) AND a.cohort = ANY(${[...new Set(claimed.map(({ cohort }) => cohort))]})`;
    const byId = new Map(details.map((each) => [each.id, each]));
    const claimedAtMs = performance.now();
    return claimed.map((intent) => ({ ...intent, ...byId.get(intent.id)!, claimedAtMs }));
  });
}
