import type { Account } from "../../accounts/account.ts";
import { phonesOf } from "../../phones/phone.ts";
import type { WebhookResult } from "../../webhooks/webhook.ts";
import { callBack } from "../callback.ts";
import { givenNumber, nextSid } from "../credentials.ts";
import { numbersOf } from "../numbers/number.ts";
import { messageTwiml } from "../twiml/message-twiml.ts";
import { type Message, messagesOf } from "./message.ts";
import { handleKeyword, hasOptedOut } from "./opt-out.ts";
import { segmentsOf } from "./segments.ts";

/*
 * Of a message to a person: (accepted →) queued → sent → delivered or undelivered, each told to its status callback.
 * Of a message from a person: received, then the app is asked, whose TwiML may answer or lead to another address.
 */

export type NewMessage = Pick<Message, "from" | "to" | "body" | "direction"> &
  Partial<Pick<Message, "media" | "messagingServiceSid" | "statusCallback">>;

export function sendMessage(account: Account, wish: NewMessage): Message {
  const nowMs = account.providerTimeMs("twilio");
  const media = wish.media ?? [];
  const sid = nextSid(account, media.length > 0 ? "MM" : "SM");
  const status = wish.messagingServiceSid === undefined ? "queued" : "accepted";
  const message: Message = { ...wish, media, sid, status, createdAtMs: nowMs, updatedAtMs: nowMs };
  messagesOf(account).put(sid, message);
  if (status === "queued") tell(account, message);
  const random = account.random("twilio.sent", sid);
  account.schedule("twilio", "message.sent", random.between(300, 900), { sid });
  return message;
}

/** A person's text to one of the app's numbers. */
export function receiveMessage(account: Account, from: string, to: string, body: string): Message {
  const nowMs = account.providerTimeMs("twilio");
  const sid = nextSid(account, "SM");
  const message: Message = {
    ...{ sid, from, to, body, direction: "inbound", status: "received", media: [] },
    ...{ createdAtMs: nowMs, updatedAtMs: nowMs },
  };
  messagesOf(account).put(sid, message);
  const reply = handleKeyword(account, from, to, body);
  if (reply !== undefined)
    sendMessage(account, { from: to, to: from, body: reply, direction: "outbound-reply" });
  const number = numbersOf(account)
    .values()
    .find((each) => each.phoneNumber === to);
  if (number?.smsUrl) ask(account, message, number.smsUrl, number.smsMethod);
  return message;
}

export function messageHappens(account: Account, type: string, sid: string, answer?: WebhookResult): void {
  const message = messagesOf(account).get(sid);
  if (!message) return;
  if (type === "message.sent" && (message.status === "queued" || message.status === "accepted")) {
    message.sentAtMs = account.providerTimeMs("twilio");
    change(account, message, "sent");
    account.schedule("twilio", "message.ends", account.random("twilio.ends", sid).between(400, 2_500), {
      sid,
    });
  } else if (type === "message.ends" && message.status === "sent") end(account, message);
  else if (type === "message.answered" && answer) reply(account, message, answer);
}

function end(account: Account, message: Message): void {
  const random = account.random("twilio.delivery", message.to, message.sid);
  const fixed = phonesOf(account).get(message.to)?.texts;
  if (fixed ? fixed === "delivered" : random.chance(0.97)) return void change(account, message, "delivered");
  message.errorCode = random.pick([30003, 30005, 30006]);
  change(account, message, "undelivered");
}

function change(account: Account, message: Message, status: Message["status"]): void {
  message.status = status;
  message.updatedAtMs = account.providerTimeMs("twilio");
  messagesOf(account).put(message.sid, message);
  tell(account, message);
}

function tell(
  account: Account,
  { sid, status, from, to, statusCallback, errorCode, messagingServiceSid }: Message,
): void {
  if (statusCallback === undefined) return;
  callBack(account, {
    kind: "message-status",
    subject: sid,
    url: statusCallback,
    params: {
      MessageSid: sid,
      MessageStatus: status,
      SmsSid: sid,
      SmsStatus: status,
      From: from,
      To: to,
      MessagingServiceSid: messagingServiceSid,
      ErrorCode: errorCode === undefined ? undefined : String(errorCode),
    },
  });
}

/** Asks the app what to do with a person's text. */
function ask(account: Account, message: Message, url: string, method: string): void {
  const { sid, from, to, body } = message;
  callBack(account, {
    kind: "inbound-message",
    subject: sid,
    url,
    method,
    reply: { type: "message.answered", data: { sid } },
    params: {
      MessageSid: sid,
      SmsSid: sid,
      SmsMessageSid: sid,
      SmsStatus: "received",
      From: from,
      To: to,
      Body: body,
      NumMedia: "0",
      NumSegments: String(segmentsOf(body).count),
      FromCountry: "US",
      ToCountry: "US",
    },
  });
}

function reply(account: Account, message: Message, answer: WebhookResult): void {
  const { replies, redirect } = messageTwiml(answer);
  for (const { body, to, from, media, statusCallback } of replies) {
    const receiver = to ?? message.from;
    const sender = from ?? message.to;
    // As Twilio does: a reply to somebody who has opted out fails without an error to the app.
    if (hasOptedOut(account, receiver, sender) || (body === "" && media.length === 0)) continue;
    const wish: NewMessage = { from: sender, to: receiver, body, media, direction: "outbound-reply" };
    if (statusCallback !== undefined) wish.statusCallback = new URL(statusCallback, answer.url).href;
    sendMessage(account, wish);
  }
  if (redirect) ask(account, message, new URL(redirect.url, answer.url).href, redirect.method);
}

/** The number a messaging service sends from. */
export const senderOf = (account: Account): string =>
  numbersOf(account).values()[0]?.phoneNumber ?? givenNumber(account);
