import { within } from "../database.ts";

const thresholds = [50, 80, 100];

/** Notes where spending has reached a half, four fifths or all of a budget, once each; at all of the month's, campaigns wait for somebody. */
export function watchBudgets(organisation: string): Promise<number> {
  return within(organisation, async (tx) => {
    const raised = await tx`
      WITH budgets AS (
        SELECT 'month ' || to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM') AS scope, o.monthly_budget_microdollars AS budget,
          (SELECT coalesce(sum(amount_microdollars), 0)::bigint FROM ledger
            WHERE day >= date_trunc('month', now() AT TIME ZONE 'UTC')::date) AS spent
        FROM organisations o WHERE o.id = ${organisation} AND o.monthly_budget_microdollars IS NOT NULL
        UNION ALL
        SELECT 'campaign ' || id, budget_microdollars, spent_microdollars FROM campaigns
        WHERE budget_microdollars IS NOT NULL AND status IN ('running', 'paused')
      )
      INSERT INTO spend_alerts (organisation_id, scope, threshold_percent, spent_microdollars, budget_microdollars)
      SELECT ${organisation}, scope, t, spent, budget FROM budgets, unnest(${thresholds}::int[]) t WHERE spent * 100 >= budget * t
      ON CONFLICT DO NOTHING RETURNING scope, threshold_percent`;
    if (
      raised.some(
        ({ scope, threshold_percent }) => threshold_percent === 100 && String(scope).startsWith("month"),
      )
    ) {
      await tx`UPDATE campaigns SET status = 'paused', pause_reason = 'The budget of the month is spent' WHERE status = 'running'`;
    }
    return raised.length;
  });
}
