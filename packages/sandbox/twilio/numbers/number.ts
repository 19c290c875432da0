import type { Account } from "../../accounts/account.ts";
import { accountSid, givenNumber } from "../credentials.ts";
import { nationalFormat } from "../phone-number.ts";
import { apiVersion, rfc2822 } from "../resource.ts";

/** A number of the app. */
export interface TwilioNumber {
  sid: string;
  phoneNumber: string;
  friendlyName: string;
  smsUrl: string;
  smsMethod: string;
  voiceUrl: string;
  voiceMethod: string;
  voiceFallbackUrl: string;
  voiceFallbackMethod: string;
  statusCallback: string;
  statusCallbackMethod: string;
  createdAtMs: number;
  updatedAtMs: number;
}

/** Form parameter → what it sets. */
export const numberSettings: Record<string, keyof TwilioNumber> = {
  FriendlyName: "friendlyName",
  SmsUrl: "smsUrl",
  SmsMethod: "smsMethod",
  VoiceUrl: "voiceUrl",
  VoiceMethod: "voiceMethod",
  VoiceFallbackUrl: "voiceFallbackUrl",
  VoiceFallbackMethod: "voiceFallbackMethod",
  StatusCallback: "statusCallback",
  StatusCallbackMethod: "statusCallbackMethod",
};

/** The account's numbers; it begins with one. */
export function numbersOf(account: Account) {
  const numbers = account.collection<TwilioNumber>("twilio.numbers");
  if (numbers.size === 0) {
    const sid = `PN${account.secret("twilio.given-number").slice(0, 32)}`;
    numbers.put(sid, newNumber(account, sid, givenNumber(account)));
  }
  return numbers;
}

export function newNumber(account: Account, sid: string, phoneNumber: string): TwilioNumber {
  const nowMs = account.providerTimeMs("twilio");
  return {
    ...{ sid, phoneNumber, friendlyName: nationalFormat(phoneNumber) },
    ...{
      smsUrl: "",
      smsMethod: "POST",
      voiceUrl: "",
      voiceMethod: "POST",
      voiceFallbackUrl: "",
      voiceFallbackMethod: "POST",
    },
    ...{ statusCallback: "", statusCallbackMethod: "POST", createdAtMs: nowMs, updatedAtMs: nowMs },
  };
}

export const ownNumber = (account: Account, phoneNumber: string): TwilioNumber | undefined =>
  numbersOf(account)
    .values()
    .find((number) => number.phoneNumber === phoneNumber);

export function renderNumber(account: Account, number: TwilioNumber): object {
  const owner = accountSid(account);
  return {
    account_sid: owner,
    address_requirements: "none",
    api_version: apiVersion,
    beta: false,
    capabilities: { voice: true, sms: true, mms: true, fax: false },
    date_created: rfc2822(number.createdAtMs),
    date_updated: rfc2822(number.updatedAtMs),
    friendly_name: number.friendlyName,
    origin: "twilio",
    phone_number: number.phoneNumber,
    sid: number.sid,
    sms_application_sid: "",
    sms_fallback_method: "POST",
    sms_fallback_url: "",
    sms_method: number.smsMethod,
    sms_url: number.smsUrl,
    status: "in-use",
    status_callback: number.statusCallback,
    status_callback_method: number.statusCallbackMethod,
    uri: `/${apiVersion}/Accounts/${owner}/IncomingPhoneNumbers/${number.sid}.json`,
    voice_application_sid: "",
    voice_caller_id_lookup: false,
    voice_fallback_method: number.voiceFallbackMethod,
    voice_fallback_url: number.voiceFallbackUrl,
    voice_method: number.voiceMethod,
    voice_url: number.voiceUrl,
  };
}
