import { within } from "../database.ts";
import { timing } from "../timing.ts";
import { askVapi } from "../vapi/client.ts";
import { VapiError } from "../vapi/vapi-error.ts";

export interface LineHealth {
  health: "healthy" | "unhealthy" | "unknown";
  reason: string | null;
}

/** So many of the newest calls of a quarter of an hour have to be there before their failures say something about the line. */
const fewestCalls = 10;
const mostFailedShare = 0.5;

/**
 * Asks the provider how a line stands and looks at how its newest calls ended, and writes it down. Campaigns on a line that is not healthy wait: see
 * `claim.ts`.
 */
export async function checkLine(organisation: string, id: string): Promise<LineHealth> {
  let found: LineHealth = { health: "healthy", reason: null };
  let number: { number?: string; status?: string; name?: string } | undefined;
  try {
    number = await askVapi("GET", `/phone-number/${encodeURIComponent(id)}`);
  } catch (error) {
    if (!(error instanceof VapiError)) throw error;
    found =
      error.status === 404
        ? { health: "unhealthy", reason: "The provider does not know this number any more" }
        : error.effect === "refused"
          ? { health: "unhealthy", reason: error.message }
          : { health: "unknown", reason: "The provider did not answer" };
  }
  if (number?.status !== undefined && number.status !== "active")
    found = { health: "unhealthy", reason: `The provider says: ${number.status}` };
  return await within(organisation, async (tx) => {
    const [recent] = await tx<{ ended: number; failed: number }[]>`
      SELECT count(*)::int AS ended, count(*) FILTER (WHERE a.status = 'FAILED')::int AS failed
      FROM calls a JOIN campaigns c ON c.id = a.campaign_id
      WHERE c.line_id = ${id} AND a.updated_at > now() - interval '15 minutes'
        AND a.status IN ('COMPLETED', 'NO_ANSWER', 'BUSY', 'VOICEMAIL', 'FAILED')`;
    if (
      found.health === "healthy" &&
      recent!.ended >= fewestCalls &&
      recent!.failed > recent!.ended * mostFailedShare
    )
      found = { health: "unhealthy", reason: `${recent!.failed} of its last ${recent!.ended} calls failed` };
    // Not reached is no news about the line: what was known of it holds.
    await tx`
      UPDATE lines SET checked_at = now(), number = coalesce(${number?.number ?? null}, number),
        health = CASE WHEN ${found.health} = 'unknown' THEN health ELSE ${found.health} END,
        health_reason = CASE WHEN ${found.health} = 'unknown' THEN health_reason ELSE ${found.reason} END
      WHERE id = ${id}`;
    return found;
  });
}

/** The lines of running campaigns that were not looked at for a while. */
export async function checkLines(organisation: string): Promise<number> {
  const { lineCheckMs } = timing();
  const due = await within(
    organisation,
    (tx) => tx<{ id: string }[]>`
      UPDATE lines SET checked_at = now() WHERE (checked_at IS NULL OR checked_at < now() - make_interval(secs => ${lineCheckMs / 1_000}))
        AND id IN (SELECT line_id FROM campaigns WHERE status = 'running') RETURNING id`,
  );
  for (const { id } of due) await checkLine(organisation, id);
  return due.length;
}
