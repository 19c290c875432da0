import { type CountryCode, isSupportedCountry, parsePhoneNumberWithError } from "libphonenumber-js/max";

export type ReadPhone = { phone: string; country: string | undefined } | { fault: string };

/** Emergency numbers of the world, as they are dialled. */
const emergency = new Set(
  "000 100 101 102 103 104 108 110 111 112 113 114 115 116 117 118 119 120 122 123 190 191 192 193 194 197 198 199 911 912 913 914 933 988 991 992 993 994 995 996 997 998 999".split(
    " ",
  ),
);

/** What may not be called: it costs whoever calls, or nobody is there. */
const refusedTypes: Record<string, string> = {
  PREMIUM_RATE: "is a premium-rate number",
  SHARED_COST: "is a shared-cost number",
  PAGER: "is a pager",
  VOICEMAIL: "is a voicemail box",
  UAN: "is a company's service number",
};

const wrong: Record<string, string> = {
  INVALID_COUNTRY: "has no country: write it with + and its country's code, or choose the campaign's country",
  NOT_A_NUMBER: "is not a telephone number",
  TOO_SHORT: "has too few digits",
  TOO_LONG: "has too many digits",
  INVALID_LENGTH: "has a wrong number of digits",
};

/**
 * A telephone number in any usual way of writing, as E.164; or what is wrong with it, to be read after the number.
 *
 * @param country of numbers without +, ISO 3166
 */
export function readPhone(text: string, country: string | undefined): ReadPhone {
  const given = text.normalize("NFKC").trim();
  if (given === "") return { fault: "is missing" };
  if (/^[=@]/.test(given) || /^[+-]\D*[a-z]+\s*\(/i.test(given))
    return { fault: "is a spreadsheet's formula, not a number" };
  if (/^[+-]?\d+([.,]\d+)?e[+-]?\d+$/i.test(given))
    return { fault: "was turned into scientific notation by a spreadsheet; its digits are lost there" };
  if (/^\d+[.,]0+$/.test(given)) return { fault: "was turned into a decimal number by a spreadsheet" };
  const digits = given.replace(/\D/g, "");
  if (digits.length <= 3 && emergency.has(digits)) return { fault: "is an emergency number" };
  if (
    /[a-z]/i.test(
      given
        .replace(/\b(ext|extension|x|tel)\b.*$/i, "")
        .replace(/^tel:/i, "")
        .replace(/x\d+$/i, ""),
    )
  )
    return { fault: "has letters in it" };
  // 00 is how most of the world dials +.
  const dialled =
    given.startsWith("00") && country !== "US" && country !== "CA" ? `+${given.slice(2)}` : given;
  try {
    const number = parsePhoneNumberWithError(dialled, {
      ...(country !== undefined && isSupportedCountry(country) && { defaultCountry: country as CountryCode }),
      extract: false,
    });
    if (number.ext !== undefined) return { fault: "has an extension, which cannot be dialled by itself" };
    if (emergency.has(number.nationalNumber)) return { fault: "is an emergency number" };
    if (!number.isPossible()) return { fault: "has a wrong number of digits" };
    const type = number.getType();
    const refusal = type === undefined ? undefined : refusedTypes[type];
    if (refusal !== undefined) return { fault: refusal };
    if (!number.isValid()) return { fault: "is not in use in its country" };
    return { phone: number.number, country: number.country };
  } catch (error) {
    return { fault: wrong[(error as Error).message] ?? "is not a telephone number" };
  }
}
