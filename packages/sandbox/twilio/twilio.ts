import { timingSafeEqual } from "node:crypto";
import type { CallTurn } from "../phones/call-turns.ts";
import { type Answer, json } from "../provider/answer.ts";
import type { Failure, Given, Provider } from "../provider/provider.ts";
import { basicCredentials } from "../provider/twin-request.ts";
import type { WebhookResult } from "../webhooks/webhook.ts";
import { signCallback } from "./callback.ts";
import { callHappens } from "./calls/call-life.ts";
import { callRoutes } from "./calls/call-routes.ts";
import {
  accountSid,
  apiKeySecret,
  apiKeySid,
  authToken,
  givenNumber,
  messagingServiceSid,
} from "./credentials.ts";
import { lookupRoutes } from "./lookup/lookup-routes.ts";
import { messageHappens } from "./messages/message-life.ts";
import { messageRoutes } from "./messages/message-routes.ts";
import { numberRoutes } from "./numbers/number-routes.ts";
import { recordingRoutes } from "./recordings/recording-routes.ts";
import { accountPath, apiVersion, ownAccount, rfc2822 } from "./resource.ts";
import { twilioError } from "./twilio-error.ts";
import { twilioPhones } from "./twilio-phones.ts";

/** Twilio: messages, calls, numbers, recordings, lookup. */
export const twilio: Provider = {
  name: "twilio",
  title: "Twilio",
  hosts: ["api.twilio.com", "lookups.twilio.com"],
  bodyLimitBytes: 256 * 1024,
  routes: [
    { method: "GET", path: `${accountPath}.json`, answer: ownAccount(fetchAccount) },
    ...messageRoutes,
    ...callRoutes,
    ...numberRoutes,
    ...recordingRoutes,
    ...lookupRoutes,
  ],
  phones: twilioPhones,
  identifiers: (account) => [accountSid(account), apiKeySid(account)],
  variables: (account, base) => ({
    TWILIO_ACCOUNT_SID: accountSid(account),
    TWILIO_AUTH_TOKEN: authToken(account),
    TWILIO_API_KEY: apiKeySid(account),
    TWILIO_API_SECRET: apiKeySecret(account),
    TWILIO_PHONE_NUMBER: givenNumber(account),
    TWILIO_MESSAGING_SERVICE_SID: messagingServiceSid(account),
    TWILIO_BASE_URL: base,
  }),
  authenticate(request, accounts) {
    const given = basicCredentials(request);
    const account = given && accounts.find("twilio", given.user);
    if (!given || !account) return undefined;
    const secret = given.user.startsWith("SK") ? apiKeySecret(account) : authToken(account);
    const [wanted, told] = [Buffer.from(secret), Buffer.from(given.password)];
    if (wanted.length !== told.length || !timingSafeEqual(wanted, told)) return undefined;
    return { account, key: given.user };
  },
  failure,
  happen(account, type, data, answer?: WebhookResult) {
    if (type.startsWith("message.")) messageHappens(account, type, (data as { sid: string }).sid, answer);
    else callHappens(account, type, data as CallTurn, answer);
  },
  signWebhook: signCallback,
};

function failure(given: Failure): Answer {
  switch (given.kind) {
    case "unauthenticated":
      return twilioError(20003, "", { "www-authenticate": 'Basic realm="Twilio API"' });
    case "rate_limited":
      return twilioError(20429, "", { "retry-after": String(given.retryAfterSeconds) });
    case "server_error":
      return { ...twilioError(20500), status: given.status };
    case "body_too_large":
      return { ...twilioError(20001, `The request has more than ${given.limitBytes} bytes`), status: 413 };
  }
}

function fetchAccount({ account }: Given): Answer {
  const sid = accountSid(account);
  const created = rfc2822(account.record.timeMs);
  return json({
    ...{
      auth_token: authToken(account),
      date_created: created,
      date_updated: created,
      friendly_name: account.key,
    },
    ...{ owner_account_sid: sid, sid, status: "active", subresource_uris: {}, type: "Full" },
    uri: `/${apiVersion}/Accounts/${sid}.json`,
  });
}
