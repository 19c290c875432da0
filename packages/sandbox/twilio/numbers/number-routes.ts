import { json } from "../../provider/answer.ts";
import type { Given, TwinRoute } from "../../provider/provider.ts";
import { formOf } from "../../provider/twin-request.ts";
import { isCallable } from "../callback.ts";
import { nextSid } from "../credentials.ts";
import { toE164 } from "../phone-number.ts";
import { accountPath, notFound, ownAccount, page } from "../resource.ts";
import { twilioError } from "../twilio-error.ts";
import {
  newNumber,
  numberSettings,
  numbersOf,
  ownNumber,
  renderNumber,
  type TwilioNumber,
} from "./number.ts";

const listPath = `${accountPath}/IncomingPhoneNumbers.json`;
const onePath = `${accountPath}/IncomingPhoneNumbers/:sid.json`;

/** https://www.twilio.com/docs/phone-numbers/api/incomingphonenumber-resource */
export const numberRoutes: TwinRoute[] = [
  { method: "GET", path: listPath, answer: ownAccount(list) },
  { method: "POST", path: listPath, answer: ownAccount(buy) },
  {
    method: "GET",
    path: onePath,
    answer: withNumber(({ account }, number) => json(renderNumber(account, number))),
  },
  {
    method: "POST",
    path: onePath,
    answer: withNumber((given, number) => set(given, number) ?? json(renderNumber(given.account, number))),
  },
  {
    method: "DELETE",
    path: onePath,
    answer: withNumber(({ account }, { sid }) => {
      numbersOf(account).delete(sid);
      return { status: 204 };
    }),
  },
];

function withNumber(answer: (given: Given, number: TwilioNumber) => ReturnType<TwinRoute["answer"]>) {
  return ownAccount((given) => {
    const number = numbersOf(given.account).get(given.params["sid"]!);
    return number ? answer(given, number) : notFound(given);
  });
}

function list(given: Given) {
  const { account, request } = given;
  const wanted = request.query.get("PhoneNumber")?.replace(/[^\d]/g, "");
  const numbers = numbersOf(account)
    .newestFirst()
    .filter((number) => wanted === undefined || number.phoneNumber.includes(wanted));
  return page(given, "incoming_phone_numbers", numbers, (number) => renderNumber(account, number));
}

/** Magic numbers: https://www.twilio.com/docs/iam/test-credentials#test-buying-phone-numbers */
function buy(given: Given) {
  const { account, request } = given;
  const form = formOf(request);
  const wanted = form.get("PhoneNumber") ?? "";
  const phoneNumber = toE164(wanted);
  if (phoneNumber === undefined || phoneNumber === "+15005550001") return twilioError(21421, wanted);
  if (phoneNumber === "+15005550000" || ownNumber(account, phoneNumber))
    return twilioError(21422, phoneNumber);
  const number = newNumber(account, nextSid(account, "PN"), phoneNumber);
  return set(given, number) ?? json(renderNumber(account, number), 201);
}

/** Undefined when all is set. */
function set({ account, request }: Given, number: TwilioNumber) {
  const settings: Partial<Record<keyof TwilioNumber, string>> = {};
  for (const [name, value] of formOf(request)) {
    const setting = numberSettings[name];
    if (setting === undefined) continue;
    if (/Url$|^StatusCallback$/.test(name) && value !== "" && !isCallable(value))
      return twilioError(21205, value);
    settings[setting] = value;
  }
  Object.assign(number, settings, { updatedAtMs: account.providerTimeMs("twilio") });
  numbersOf(account).put(number.sid, number);
  return undefined;
}
