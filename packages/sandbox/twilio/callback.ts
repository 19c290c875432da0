import type { Account } from "../accounts/account.ts";
import type { NewWebhook, Webhook, WebhookLimits } from "../webhooks/webhook.ts";
import { accountSid, authToken } from "./credentials.ts";
import { apiVersion } from "./resource.ts";
import { twilioSignature } from "./signature.ts";

/** Twilio waits 15 s, follows 10 redirects and reads 64 KB of TwiML: https://www.twilio.com/docs/api/errors/11200, 11215, 11750. */
const limits: WebhookLimits = { timeoutMs: 15_000, redirects: 10, answerBytes: 64 * 1024 };

export interface Callback extends Pick<NewWebhook, "kind" | "subject" | "url" | "reply"> {
  method?: string | undefined;
  params: Record<string, string | undefined>;
}

/** Calls the app as Twilio does: parameters as a form, or in the URL's query for GET. */
export function callBack(account: Account, { kind, subject, url, reply, method, params }: Callback): void {
  const form = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) if (value !== undefined) form.append(name, value);
  form.append("AccountSid", accountSid(account));
  form.append("ApiVersion", apiVersion);
  const wish: NewWebhook = { kind, subject, url, limits };
  if (reply) wish.reply = reply;
  const headers: Record<string, string> = {
    "user-agent": "TwilioProxy/1.1",
    accept: "*/*",
    // The same for each repetition: https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides
    "i-twilio-idempotency-token": uuid(account.nextId("twilio.idempotency")),
  };
  if (method?.toUpperCase() === "GET") {
    const target = withQuery(url, form);
    account.send("twilio", { ...wish, method: "GET", url: target, headers });
    return;
  }
  headers["content-type"] = "application/x-www-form-urlencoded; charset=utf-8";
  account.send("twilio", { ...wish, method: "POST", headers, body: form.toString() });
}

const uuid = (hex: string): string =>
  hex.slice(0, 32).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");

function withQuery(url: string, form: URLSearchParams): string {
  try {
    const target = new URL(url);
    for (const [name, value] of form) target.searchParams.append(name, value);
    return target.href;
  } catch {
    // The sender says that it is no URL.
    return url;
  }
}

export function signCallback(account: Account, webhook: Webhook): Record<string, string> {
  const form = webhook.method === "POST" ? new URLSearchParams(webhook.body) : undefined;
  return { "x-twilio-signature": twilioSignature(authToken(account), webhook.url, form) };
}

export function isCallable(url: string): boolean {
  return URL.canParse(url) && /^https?:$/.test(new URL(url).protocol);
}
