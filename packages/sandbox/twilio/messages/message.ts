import type { Account } from "../../accounts/account.ts";
import { accountSid } from "../credentials.ts";
import { apiVersion, rfc2822 } from "../resource.ts";
import { segmentsOf } from "./segments.ts";

export type MessageStatus =
  | "accepted"
  | "scheduled"
  | "queued"
  | "sending"
  | "sent"
  | "delivered"
  | "undelivered"
  | "failed"
  | "received"
  | "canceled";

export interface Message {
  sid: string;
  from: string;
  to: string;
  body: string;
  direction: "inbound" | "outbound-api" | "outbound-reply";
  status: MessageStatus;
  media: string[];
  messagingServiceSid?: string;
  statusCallback?: string;
  errorCode?: number;
  createdAtMs: number;
  updatedAtMs: number;
  sentAtMs?: number;
}

export const messagesOf = (account: Account) => account.collection<Message>("twilio.messages");

/** https://www.twilio.com/docs/messaging/guides/debugging-tools#error-codes */
export const deliveryErrors: Record<number, string> = {
  30003: "Unreachable destination handset",
  30004: "Message blocked",
  30005: "Unknown destination handset",
  30006: "Landline or unreachable carrier",
  30007: "Message filtered",
  30008: "Unknown error",
};

/** US long code, a segment: https://www.twilio.com/en-us/sms/pricing/us */
const dollarsPerSegment = 0.0083;

export function renderMessage(account: Account, message: Message): object {
  const { sid, errorCode } = message;
  const owner = accountSid(account);
  const uri = `/${apiVersion}/Accounts/${owner}/Messages/${sid}`;
  const segments = segmentsOf(message.body).count;
  const isPriced = message.sentAtMs !== undefined || message.direction === "inbound";
  return {
    account_sid: owner,
    api_version: apiVersion,
    body: message.body,
    date_created: rfc2822(message.createdAtMs),
    date_sent: message.sentAtMs === undefined ? null : rfc2822(message.sentAtMs),
    date_updated: rfc2822(message.updatedAtMs),
    direction: message.direction,
    error_code: errorCode ?? null,
    error_message: errorCode === undefined ? null : (deliveryErrors[errorCode] ?? null),
    from: message.messagingServiceSid !== undefined && message.status === "accepted" ? null : message.from,
    messaging_service_sid: message.messagingServiceSid ?? null,
    num_media: String(message.media.length),
    num_segments:
      message.messagingServiceSid !== undefined && message.status === "accepted" ? "0" : String(segments),
    price: isPriced ? (-segments * dollarsPerSegment).toFixed(5) : null,
    price_unit: "USD",
    sid,
    status: message.status,
    subresource_uris: { media: `${uri}/Media.json` },
    tags: null,
    to: message.to,
    uri: `${uri}.json`,
  };
}
