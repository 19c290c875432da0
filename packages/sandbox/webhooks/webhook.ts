/** A call of the provider to the app, with all that became of it. */
export interface Webhook {
  id: string;
  provider: string;
  /** `twiml`, `call-status`, `message-status`, `inbound-message`, `server-message`, … */
  kind: string;
  /** The call, message or other object it is about; webhooks with the same subject are sent one after the other. */
  subject: string;
  url: string;
  method: "GET" | "POST";
  /** Without the signature, which is made for each attempt by the provider's `signWebhook`. */
  headers: Record<string, string>;
  body: string;
  limits: WebhookLimits;
  /** What the provider's `signWebhook` needs to know; not sent, and no secret. */
  signing?: unknown;
  /** Happens with the answer; see `Account.send`. */
  reply?: { type: string; data: unknown };
  state: "waiting" | "sending" | "answered" | "failed" | "refused" | "lost" | "held-back";
  /** In the account's time. */
  sentAtMs: number;
  attempts: WebhookAttempt[];
  result?: WebhookResult;
}

export interface WebhookLimits {
  /** Real milliseconds until the whole answer has to be there. */
  timeoutMs: number;
  redirects: number;
  answerBytes: number;
}

export interface WebhookAttempt {
  /** Real time, milliseconds since the epoch. */
  startedAtMs: number;
  durationMs: number;
  headers: Record<string, string>;
  why: "sent" | "duplicated" | "re-sent" | "restarted";
  result: WebhookResult;
}

export type WebhookFailure =
  /** The address is none that may be called. */
  "refused" | "timed_out" | "connection_failed" | "too_many_redirects" | "answer_too_large" | "lost";

export interface WebhookResult {
  failure?: WebhookFailure;
  /** For people. */
  message?: string;
  status?: number;
  headers: Record<string, string>;
  body: string;
  /** After redirects. */
  url: string;
}

/** What a provider says of a webhook that it wants to send. */
export type NewWebhook = Pick<Webhook, "kind" | "subject" | "url"> &
  Partial<Pick<Webhook, "method" | "headers" | "body" | "limits" | "signing" | "reply">>;

export const isDone = (webhook: Webhook): boolean =>
  webhook.state !== "waiting" && webhook.state !== "sending";
