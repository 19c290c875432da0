import { json } from "../../provider/answer.ts";
import type { Given, TwinRoute } from "../../provider/provider.ts";
import { formOf } from "../../provider/twin-request.ts";
import { isCallable } from "../callback.ts";
import { messagingServiceSid } from "../credentials.ts";
import { numbersOf } from "../numbers/number.ts";
import { toE164 } from "../phone-number.ts";
import { accountPath, notFound, ownAccount, page, withinDates } from "../resource.ts";
import { twilioError } from "../twilio-error.ts";
import { type Message, messagesOf, renderMessage } from "./message.ts";
import { type NewMessage, senderOf, sendMessage } from "./message-life.ts";
import { hasOptedOut } from "./opt-out.ts";

const longestBody = 1_600;

/** Numbers that always fail in one way: https://www.twilio.com/docs/iam/test-credentials#test-sms-messages */
const magicSenders: Record<string, 21212 | 21606 | 21611> = {
  "+15005550001": 21212,
  "+15005550007": 21606,
  "+15005550008": 21611,
};
const magicReceivers: Record<string, 21211 | 21612 | 21408 | 21610 | 21614> = {
  "+15005550001": 21211,
  "+15005550002": 21612,
  "+15005550003": 21408,
  "+15005550004": 21610,
  "+15005550009": 21614,
};
export const magicSender = "+15005550006";

/** https://www.twilio.com/docs/messaging/api/message-resource */
export const messageRoutes: TwinRoute[] = [
  { method: "POST", path: `${accountPath}/Messages.json`, answer: ownAccount(create) },
  { method: "GET", path: `${accountPath}/Messages.json`, answer: ownAccount(list) },
  {
    method: "GET",
    path: `${accountPath}/Messages/:sid.json`,
    answer: withMessage(({ account }, message) => json(renderMessage(account, message))),
  },
  { method: "POST", path: `${accountPath}/Messages/:sid.json`, answer: withMessage(update) },
  {
    method: "DELETE",
    path: `${accountPath}/Messages/:sid.json`,
    answer: withMessage(({ account }, { sid }) => {
      messagesOf(account).delete(sid);
      return { status: 204 };
    }),
  },
  {
    method: "GET",
    path: `${accountPath}/Messages/:sid/Media.json`,
    answer: withMessage((given) => page(given, "media_list", [], () => ({}))),
  },
];

function withMessage(answer: (given: Given, message: Message) => ReturnType<TwinRoute["answer"]>) {
  return ownAccount((given) => {
    const message = messagesOf(given.account).get(given.params["sid"]!);
    return message ? answer(given, message) : notFound(given);
  });
}

function create(given: Given) {
  const { account, request } = given;
  const form = formOf(request);
  const text = form.get("To") ?? "";
  if (text === "") return twilioError(21604);
  const service = form.get("MessagingServiceSid");
  const named = form.get("From");
  if (service === null && !named) return twilioError(21603);
  if (service !== null && service !== messagingServiceSid(account)) return twilioError(21701, service);
  const body = form.get("Body") ?? "";
  const media = form.getAll("MediaUrl");
  if (body === "" && media.length === 0) return twilioError(21602);
  if (body.length > longestBody) return twilioError(21617);
  const to = toE164(text);
  if (to === undefined) return twilioError(21211, text);
  const magic = magicReceivers[to];
  if (magic !== undefined) return twilioError(magic, to);
  const from = named ? (toE164(named) ?? named) : senderOf(account);
  const magicFrom = magicSenders[from];
  if (magicFrom !== undefined) return twilioError(magicFrom, from);
  const isOwn = numbersOf(account)
    .values()
    .some(({ phoneNumber }) => phoneNumber === from);
  if (!isOwn && from !== magicSender) {
    return /^\+?\d|^[A-Za-z0-9 ]{1,11}$/.test(from) ? twilioError(21606, from) : twilioError(21212, from);
  }
  const statusCallback = form.get("StatusCallback");
  if (statusCallback && !isCallable(statusCallback)) return twilioError(21609, statusCallback);
  if (hasOptedOut(account, to, from)) return twilioError(21610);
  const wish: NewMessage = { from, to, body, media, direction: "outbound-api" };
  if (service !== null) wish.messagingServiceSid = service;
  if (statusCallback) wish.statusCallback = statusCallback;
  return json(renderMessage(account, sendMessage(account, wish)), 201);
}

function list(given: Given) {
  const { account, request } = given;
  const { query } = request;
  const [to, from] = [query.get("To"), query.get("From")];
  const messages = messagesOf(account)
    .newestFirst()
    .filter(
      (message) =>
        (to === null || message.to === (toE164(to) ?? to)) &&
        (from === null || message.from === (toE164(from) ?? from)) &&
        withinDates(query, "DateSent", message.sentAtMs ?? message.createdAtMs),
    );
  return page(given, "messages", messages, (message) => renderMessage(account, message));
}

/** Its text can be blanked; a message that is not on its way yet can be canceled. */
function update({ account, request }: Given, message: Message) {
  const form = formOf(request);
  if (form.get("Body") === "") message.body = "";
  if (form.get("Status") === "canceled" && (message.status === "accepted" || message.status === "queued"))
    message.status = "canceled";
  message.updatedAtMs = account.providerTimeMs("twilio");
  return json(renderMessage(account, messagesOf(account).put(message.sid, message)));
}
