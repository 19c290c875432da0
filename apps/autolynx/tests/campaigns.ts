// What tests begin with: an organisation with an assistant, a line, and a campaign with contacts.
import { inDirectory, within } from "../server/database.ts";

export interface TestCampaign {
  organisation: string;
  id: string;
  cohort: string;
}

export async function newOrganisation(lineLimit = 1_000): Promise<string> {
  return inDirectory(async (tx) => {
    const [row] = await tx<{ id: string }[]>`
      INSERT INTO organisations (name, line_limit) VALUES ('Test', ${lineLimit}) RETURNING id`;
    return row!.id;
  });
}

export async function newCampaign(
  organisation: string,
  {
    contacts = 10,
    cap = 8,
    strict = false,
    status = "running",
    firstNumber = 5_550_000,
    timeZone = "UTC",
    window = ["00:00", "00:00"] as [string, string],
    maxAttempts = 1,
    retryAfterMinutes = 0,
    budget = null as number | null,
  } = {},
): Promise<TestCampaign> {
  return within(organisation, async (tx) => {
    await tx`
      INSERT INTO lines (organisation_id, id, number, health, checked_at, synced_at)
      VALUES (${organisation}, 'line-1', '+14155550100', 'healthy', now(), now()) ON CONFLICT DO NOTHING`;
    const [campaign] = await tx<{ id: string; cohort: string }[]>`
      INSERT INTO campaigns (organisation_id, name, assistant_id, line_id, cap, strict_batching, window_from, window_until, window_days,
        default_time_zone, max_attempts, retry_after_minutes, retry_outcomes, budget_microdollars, status, created_by, started_at)
      VALUES (${organisation}, 'Test', 'assistant-1', 'line-1', ${cap}, ${strict}, ${window[0]}, ${window[1]}, ${[1, 2, 3, 4, 5, 6, 7]},
        ${timeZone}, ${maxAttempts}, ${retryAfterMinutes}, ${["NO_ANSWER", "BUSY", "VOICEMAIL", "FAILED"]}, ${budget}, ${status}, 'test', now())
      RETURNING id, cohort`;
    await tx`
      INSERT INTO contacts (cohort, organisation_id, campaign_id, line, phone, name, time_zone)
      SELECT ${campaign!.cohort}, ${organisation}, ${campaign!.id}, n, '+1415' || (${firstNumber}::int + n), 'Rosa', ${timeZone}
      FROM generate_series(1, ${contacts}::int) n`;
    await tx`
      INSERT INTO campaign_zones (organisation_id, campaign_id, time_zone) VALUES (${organisation}, ${campaign!.id}, ${timeZone})`;
    return { organisation, id: campaign!.id, cohort: campaign!.cohort };
  });
}
