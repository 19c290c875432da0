/** With the first number: the plans of all countries are a fifth of what the sandbox would load at its start. */
const parse = (text: string, country?: "US") =>
  (
    import.meta.require("libphonenumber-js/min") as typeof import("libphonenumber-js/min")
  ).parsePhoneNumberFromString(text, country);

/** E.164 of what an app gave, US formats included; undefined where it can be no phone number. */
export function toE164(text: string): string | undefined {
  const number = parse(text.trim(), "US");
  return number?.isPossible() ? number.number : undefined;
}

/** `(415) 555-0123`, as calls' `to_formatted` has it. */
export function nationalFormat(e164: string): string {
  return parse(e164)?.formatNational() ?? e164;
}

export const countryOf = (e164: string): string => parse(e164)?.country ?? "US";
