import { type Answer, json } from "../provider/answer.ts";

/** HTTP status and message of Twilio's error codes; `{}` stands for the value at fault. https://www.twilio.com/docs/api/errors */
const errors = {
  20001: [400, "{}"],
  20003: [401, "Authenticate"],
  20404: [404, "The requested resource {} was not found"],
  20429: [429, "Too Many Requests"],
  20500: [500, "An internal server error has occurred"],
  21201: [400, "No 'To' number is specified"],
  21203: [400, "International calling not enabled"],
  21205: [400, "Url is not a valid URL: {}"],
  21210: [
    400,
    "The source phone number provided, {}, is not yet verified for your account. You may only make calls from phone numbers that you've verified or purchased from Twilio.",
  ],
  21211: [400, "The 'To' number {} is not a valid phone number."],
  21212: [400, "The 'From' number {} is not a valid phone number, shortcode, or alphanumeric sender ID."],
  21213: [400, "No 'From' number is specified"],
  21214: [400, "'To' phone number cannot be reached"],
  21215: [
    400,
    "Account not authorized to call {}. Perhaps you need to enable some international permissions: https://www.twilio.com/console/voice/calls/geo-permissions/low-risk",
  ],
  21216: [400, "Account not allowed to call {}"],
  21217: [400, "Phone number {} does not appear to be valid"],
  21218: [400, "Invalid ApplicationSid: {}"],
  21220: [400, "Call is not in-progress. Cannot redirect."],
  21408: [
    400,
    "Permission to send an SMS has not been enabled for the region indicated by the 'To' number: {}.",
  ],
  21421: [400, "PhoneNumber is invalid: {}"],
  21422: [400, "PhoneNumber is not available: {}"],
  21601: [400, "Phone number is not a valid SMS-capable inbound phone number"],
  21602: [400, "Message body is required."],
  21603: [400, "A 'From' phone number is required."],
  21604: [400, "A 'To' phone number is required."],
  21606: [
    400,
    "The 'From' phone number {} is not a valid, message-capable Twilio phone number for this destination.",
  ],
  21609: [400, "The 'StatusCallback' URL {} is not a valid URL."],
  21610: [400, "Attempt to send to unsubscribed recipient"],
  21611: [429, "This 'From' number has exceeded the maximum number of queued messages"],
  21612: [400, "The 'To' phone number: {}, is not currently reachable using the 'From' phone number."],
  21614: [400, "'To' number is not a valid mobile number: {}"],
  21617: [400, "The concatenated message body exceeds the 1600 character limit"],
  21701: [400, "The Messaging Service does not exist: {}"],
} as const satisfies Record<number, readonly [number, string]>;

export type TwilioErrorCode = keyof typeof errors;

/** Twilio's error shape. */
export function twilioError(code: TwilioErrorCode, value = "", headers: Record<string, string> = {}): Answer {
  const [status, template] = errors[code];
  const message = template.replace("{}", () => value);
  return json(
    { code, message, more_info: `https://www.twilio.com/docs/errors/${code}`, status },
    status,
    headers,
  );
}
