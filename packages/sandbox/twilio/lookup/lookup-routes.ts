import type { CountryCode } from "libphonenumber-js";
import { json } from "../../provider/answer.ts";
import type { TwinRoute } from "../../provider/provider.ts";

const kinds: Record<string, string> = {
  MOBILE: "mobile",
  FIXED_LINE: "landline",
  FIXED_LINE_OR_MOBILE: "mobile",
  VOIP: "nonFixedVoip",
  TOLL_FREE: "tollFree",
  PREMIUM_RATE: "premium",
  SHARED_COST: "sharedCost",
  UAN: "uan",
  VOICEMAIL: "voicemail",
  PAGER: "pager",
  PERSONAL_NUMBER: "personal",
};

/** Where Twilio's word is not the library's. */
const validationErrors: Record<string, string> = { INVALID_COUNTRY: "INVALID_COUNTRY_CODE" };

/** Lookup v2: https://www.twilio.com/docs/lookup/v2-api. Numbers are told apart by public numbering plans; callers' names are not known. */
export const lookupRoutes: TwinRoute[] = [
  {
    method: "GET",
    path: "/v2/PhoneNumbers/:number",
    async answer({ account, params, request }) {
      // The whole numbering plans, only when somebody looks something up.
      const { parsePhoneNumberFromString, validatePhoneNumberLength } = await import("libphonenumber-js/max");
      const asked = params["number"]!;
      const country = (request.query.get("CountryCode") ?? "US") as CountryCode;
      const fields = (request.query.get("Fields") ?? "").split(",");
      const number = parsePhoneNumberFromString(asked, country);
      const valid = number?.isValid() ?? false;
      const problem = validatePhoneNumberLength(asked, country);
      const errors = valid
        ? []
        : [problem === undefined ? "INVALID_BUT_POSSIBLE" : (validationErrors[problem] ?? problem)];
      const phoneNumber = number?.number ?? asked;
      const type = number?.getType();
      return json({
        calling_country_code: number?.countryCallingCode ?? null,
        country_code: number?.country ?? null,
        phone_number: phoneNumber,
        national_format: number?.formatNational() ?? null,
        valid,
        validation_errors: errors,
        caller_name: fields.includes("caller_name")
          ? { caller_name: null, caller_type: null, error_code: null }
          : null,
        line_type_intelligence:
          fields.includes("line_type_intelligence") && valid
            ? {
                mobile_country_code: null,
                mobile_network_code: null,
                carrier_name: account
                  .random("carrier", phoneNumber)
                  .pick(["Northern Mobile", "Coast Wireless", "Union Telephone"]),
                type: kinds[type ?? ""] ?? "unknown",
                error_code: null,
              }
            : null,
        ...{
          sim_swap: null,
          call_forwarding: null,
          line_status: null,
          identity_match: null,
          reassigned_number: null,
        },
        ...{ sms_pumping_risk: null, phone_number_quality_score: null, pre_fill: null },
        url: `https://lookups.twilio.com/v2/PhoneNumbers/${phoneNumber}`,
      });
    },
  },
];
