import { keyOf, takeFact } from "../calls/take-fact.ts";
import { type Scoped, within } from "../database.ts";
import { publicUrl } from "../environment.ts";
import { isOn } from "../flags.ts";
import { log } from "../log.ts";
import { analysisPlan } from "../results/analysis-plan.ts";
import { timing } from "../timing.ts";
import { snapshotFact } from "../vapi/call-facts.ts";
import { askVapi } from "../vapi/client.ts";
import { VapiError } from "../vapi/vapi-error.ts";
import { webhookCredential } from "../vapi/webhook-credential.ts";
import { backOff } from "./back-off.ts";
import type { Intent } from "./claim.ts";

/** What came of asking for a call. */
export type Dialled = "placed" | "refused" | "later" | "uncertain";

/** Asks the provider for one call that is written down already, and writes down what is known of it then. */
export async function dial(intent: Intent): Promise<Dialled> {
  let credentialId: string;
  const analysed = await isOn("transcriptAnalysis");
  try {
    credentialId = await webhookCredential();
  } catch (error) {
    // Nothing was asked yet that could ring anybody.
    return await withdraw(intent, "later", error);
  }
  // From here on reconciliation might already look for it; see `claim.ts`.
  if (performance.now() - intent.claimedAtMs > timing().intentMs / 2) return "uncertain";
  try {
    const call = await askVapi<Record<string, unknown>>(
      "POST",
      "/call",
      requestFor(intent, credentialId, analysed),
    );
    return await confirm(intent, call);
  } catch (error) {
    if (!(error instanceof VapiError)) throw error;
    if (error.effect === "unknown") return await leaveUncertain(intent, error);
    return await withdraw(intent, error.effect === "refused" ? "refused" : "later", error);
  }
}

function requestFor(intent: Intent, credentialId: string, analysed: boolean): object {
  const { organisation, cohort, id, campaignId } = intent;
  return {
    name: id,
    assistantId: intent.assistantId,
    phoneNumberId: intent.lineId,
    customer: { number: intent.phone, ...(intent.name && { name: intent.name.slice(0, 40) }) },
    assistantOverrides: {
      metadata: { autolynx: { organisation, cohort, call: id, campaign: campaignId } },
      variableValues: { ...intent.fields, name: intent.name },
      server: { url: `${publicUrl()}/api/webhooks/vapi`, credentialId, timeoutSeconds: 20 },
      serverMessages: ["status-update", "end-of-call-report"],
      ...(analysed && { analysisPlan }),
    },
  };
}

function confirm(intent: Intent, call: Record<string, unknown>): Promise<Dialled> {
  return within(intent.organisation, async (tx) => {
    const fact = snapshotFact(call);
    const { silenceMs, retryUnitMs } = timing();
    const taken = await takeFact(tx, intent, keyOf(JSON.stringify(fact)), fact, { silenceMs, retryUnitMs });
    const limits = call["subscriptionLimits"] as { concurrencyBlocked?: boolean } | undefined;
    if (limits?.concurrencyBlocked === true) {
      await backOff(tx, intent.organisation, undefined);
      return "later";
    }
    const madeAt = Date.parse(String(call["createdAt"]));
    await tx`
      UPDATE organisations SET backoff_step = 0,
        newest_call_at = greatest(newest_call_at, ${Number.isNaN(madeAt) ? null : new Date(madeAt)}::timestamptz)
      WHERE id = ${intent.organisation}
        AND (backoff_step <> 0 OR newest_call_at IS NULL OR newest_call_at < ${Number.isNaN(madeAt) ? null : new Date(madeAt)}::timestamptz - interval '5 seconds')`;
    return taken.result === "unknown_call" ? "refused" : "placed";
  });
}

/** It keeps its place until the provider's list has told: see `reconcile.ts`. */
function leaveUncertain(intent: Intent, error: VapiError): Promise<Dialled> {
  log("warn", "Nobody knows whether a call was placed", { call: intent.id, status: error.status });
  const { uncertainMs } = timing();
  return within<Dialled>(intent.organisation, async (tx) => {
    await tx`
      UPDATE calls SET status = 'UNCERTAIN', check_at = now() + make_interval(secs => ${uncertainMs / 1_000}), updated_at = now()
      WHERE cohort = ${intent.cohort} AND id = ${intent.id} AND status = 'INTENDED'`;
    await backOff(tx, intent.organisation, error.retryAfterMs);
    return "uncertain";
  });
}

/** The provider certainly has no such call: the contact is as before, or, where it was refused for good, done. */
function withdraw(intent: Intent, how: "refused" | "later", error: unknown): Promise<Dialled> {
  const { message, status, retryAfterMs } =
    error instanceof VapiError
      ? error
      : { message: String(error), status: undefined, retryAfterMs: undefined };
  return within(intent.organisation, async (tx) => {
    const [withdrawn] = await tx`
      UPDATE calls SET status = ${how === "refused" ? "FAILED" : "NOT_PLACED"}, settled = true, ended_reason = ${message}, updated_at = now()
      WHERE cohort = ${intent.cohort} AND id = ${intent.id} AND status = 'INTENDED' RETURNING 1`;
    if (!withdrawn) return how;
    if (how === "later") {
      await giveBack(tx, intent);
      await backOff(tx, intent.organisation, retryAfterMs);
      return how;
    }
    // The key, the assistant or the line is at fault, not the contact: nobody else is to be lost to it.
    const general =
      status === 401 || status === 402 || status === 403 || /Assistant|Phone Number/.test(message);
    if (!general) {
      await tx`UPDATE contacts SET state = 'done', outcome = 'FAILED' WHERE cohort = ${intent.cohort} AND id = ${intent.contactId}`;
      return how;
    }
    await giveBack(tx, intent);
    await tx`
      UPDATE campaigns SET status = 'paused', pause_reason = ${`The provider refuses its calls: ${message}`.slice(0, 300)}
      WHERE id = ${intent.campaignId} AND status = 'running'`;
    return how;
  });
}

export async function giveBack(
  tx: Scoped,
  { cohort, contactId, attempt }: Pick<Intent, "cohort" | "contactId" | "attempt">,
): Promise<void> {
  await tx`
    UPDATE contacts SET state = 'pending', attempts = ${attempt - 1}
    WHERE cohort = ${cohort} AND id = ${contactId} AND state = 'calling' AND attempts = ${attempt}`;
}
