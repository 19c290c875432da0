import { within } from "../database.ts";
import { objectOf } from "./call-facts.ts";
import { askVapi } from "./client.ts";

type Json = Record<string, unknown>;

/**
 * Brings assistants and lines to what the provider lists. What it no longer lists is kept, marked as gone: campaigns of the past name it.
 *
 * @throws VapiError
 */
export async function syncProvider(organisation: string): Promise<{ assistants: number; lines: number }> {
  const [assistants, lines] = await Promise.all([
    askVapi<Json[]>("GET", "/assistant?limit=1000"),
    askVapi<Json[]>("GET", "/phone-number?limit=1000"),
  ]);
  await within(organisation, async (tx) => {
    const syncedAt = new Date();
    for (const each of assistants) {
      await tx`
        INSERT INTO assistants (organisation_id, id, name, first_message, model, synced_at)
        VALUES (${organisation}, ${String(each["id"])}, ${String(each["name"] ?? "Without a name")}, ${textOf(each["firstMessage"])},
          ${textOf(objectOf(each["model"])?.["model"])}, ${syncedAt})
        ON CONFLICT (organisation_id, id) DO UPDATE SET name = excluded.name, first_message = excluded.first_message,
          model = excluded.model, synced_at = excluded.synced_at, gone_at = NULL`;
    }
    for (const each of lines) {
      await tx`
        INSERT INTO lines (organisation_id, id, number, name, synced_at)
        VALUES (${organisation}, ${String(each["id"])}, ${textOf(each["number"])}, ${textOf(each["name"])}, ${syncedAt})
        ON CONFLICT (organisation_id, id) DO UPDATE SET number = excluded.number, name = excluded.name,
          synced_at = excluded.synced_at, gone_at = NULL`;
    }
    await tx`UPDATE assistants SET gone_at = now() WHERE synced_at < ${syncedAt} AND gone_at IS NULL`;
    await tx`UPDATE lines SET gone_at = now() WHERE synced_at < ${syncedAt} AND gone_at IS NULL`;
  });
  return { assistants: assistants.length, lines: lines.length };
}

const textOf = (value: unknown): string | null => (typeof value === "string" && value !== "" ? value : null);
