import { parsePhoneNumberFromString } from "libphonenumber-js/min";

/** E.164 of what an app gave, US formats included; undefined where it can be no phone number. */
export function toE164(text: string): string | undefined {
  const number = parsePhoneNumberFromString(text.trim(), "US");
  return number?.isPossible() ? number.number : undefined;
}

/** `(415) 555-0123`, as calls' `to_formatted` has it. */
export function nationalFormat(e164: string): string {
  return parsePhoneNumberFromString(e164)?.formatNational() ?? e164;
}

export const countryOf = (e164: string): string => parsePhoneNumberFromString(e164)?.country ?? "US";
