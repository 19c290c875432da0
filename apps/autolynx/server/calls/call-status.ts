export const activeStatuses = ["INTENDED", "UNCERTAIN", "QUEUED", "RINGING", "IN_PROGRESS"] as const;
export const endStatuses = [
  "COMPLETED",
  "NO_ANSWER",
  "BUSY",
  "VOICEMAIL",
  "FAILED",
  "CANCELED",
  "NOT_PLACED",
] as const;
export type ActiveStatus = (typeof activeStatuses)[number];
export type EndStatus = (typeof endStatuses)[number];
export type CallStatus = ActiveStatus | EndStatus;

export const isActive = (status: CallStatus): status is ActiveStatus =>
  (activeStatuses as readonly string[]).includes(status);

/** The provider refused because every line of the account is taken: nobody was called. */
export const overLimitReason = "call.start.error-subscription-concurrency-limit-reached";

/**
 * What an end means for us: https://docs.vapi.ai/calls/call-ended-reason
 *
 * @param started whether anybody, or a machine, picked up
 */
export function endOf(reason: string, started: boolean): EndStatus {
  if (reason === overLimitReason) return "NOT_PLACED";
  if (reason === "customer-busy") return "BUSY";
  if (reason === "voicemail") return "VOICEMAIL";
  if (reason === "customer-did-not-answer" || reason === "customer-did-not-give-microphone-permission")
    return "NO_ANSWER";
  if (reason === "manually-canceled" || reason === "call-deleted" || reason === "scheduled-call-deleted")
    return "CANCELED";
  const conversed =
    /^(assistant-(ended-call|said|forwarded)|customer-ended-call|exceeded-max-duration|silence-timed-out)/;
  if (conversed.test(reason)) return started ? "COMPLETED" : "NO_ANSWER";
  return "FAILED";
}
