import { keyOf, takeFact } from "../calls/take-fact.ts";
import { inDirectory, within } from "../database.ts";
import { environment } from "../environment.ts";
import { log } from "../log.ts";
import { timing } from "../timing.ts";
import { markOf, messageFact, objectOf } from "./call-facts.ts";
import { signatureHeader, timestampHeader, verifyWebhook } from "./verify-webhook.ts";

export interface Received {
  status: 200 | 400 | 401;
  result: string;
  /** The organisation in which a place within the cap has become free. */
  freed?: string;
}

/**
 * Takes a message of Vapi's: what it says is on disk when this returns. Duplicates and any order are all the same; what belongs to nobody is kept for
 * reconciliation.
 */
export async function receiveWebhook(
  body: Buffer,
  headers: { get(name: string): string | null },
  nowMs = Date.now(),
): Promise<Received> {
  const { WEBHOOK_SHARED_SECRET, WEBHOOK_SHARED_SECRET_PREVIOUS } = environment();
  const keys = [
    WEBHOOK_SHARED_SECRET,
    ...(WEBHOOK_SHARED_SECRET_PREVIOUS ? [WEBHOOK_SHARED_SECRET_PREVIOUS] : []),
  ];
  const verdict = verifyWebhook(
    body,
    { signature: headers.get(signatureHeader), timestamp: headers.get(timestampHeader) },
    keys,
    nowMs,
  );
  if (verdict !== "genuine") {
    log("warn", "A message was refused", { verdict });
    return { status: 401, result: verdict };
  }
  let message: Record<string, unknown> | undefined;
  try {
    message = objectOf(objectOf(JSON.parse(body.toString("utf8")))?.["message"]);
  } catch {
    message = undefined;
  }
  if (!message) return { status: 400, result: "not_a_message" };
  const said = messageFact(message);
  if (!said) return { status: 200, result: "ignored" };
  const mark = markOf(said.call);
  const key = keyOf(body);
  if (mark) {
    const { silenceMs, retryUnitMs } = timing();
    const taken = await within(mark.organisation, (tx) =>
      takeFact(tx, { cohort: mark.cohort, id: mark.call }, key, said.fact, { silenceMs, retryUnitMs }),
    );
    if (taken.result === "taken")
      return { status: 200, result: "taken", ...(taken.freed && { freed: mark.organisation }) };
    if (taken.result === "known") return { status: 200, result: "known" };
  }
  await inDirectory(
    (tx) => tx`
      INSERT INTO unknown_events (key, provider_call_id, body)
      VALUES (${key}, ${said.fact.providerCallId}, ${tx.json({ message: slim(message) } as never)}) ON CONFLICT DO NOTHING`,
  );
  return { status: 200, result: "kept" };
}

/** Without what nobody reads again. */
function slim({ assistant: _, phoneNumber: __, ...message }: Record<string, unknown>): object {
  return message;
}
