/** What goes wrong. Requests are the app's to the provider, webhooks the provider's to the app. */
export type Fault =
  /** Answers come later, in real milliseconds. */
  | { type: "latency"; ms: number }
  | { type: "rate_limit"; retryAfterSeconds: number }
  | { type: "server_error"; status: number }
  /** No answer ever comes. */
  | { type: "hang" }
  /** The request is carried out, but its connection breaks before the answer. */
  | { type: "drop" }
  /** Connections break before anything is read. */
  | { type: "down" }
  | { type: "webhook_lost" }
  | { type: "webhook_duplicated" }
  /** It is sent after the next one about the same thing, or 5 s later. */
  | { type: "webhook_reordered" }
  /** The provider's clock is wrong by so much: dates in answers and times in signatures. */
  | { type: "clock_skew"; ms: number };

export type FaultType = Fault["type"];

export const requestFaults = ["latency", "rate_limit", "server_error", "hang", "drop", "down"] as const;
export const webhookFaults = ["webhook_lost", "webhook_duplicated", "webhook_reordered"] as const;

export interface FaultRule {
  id: string;
  /** A provider's name, or `*` for all. */
  provider: string;
  fault: Fault;
  /** Only requests with this credential, as the request log names it. */
  key?: string;
  /** Only requests whose `METHOD /path` holds this, or webhooks whose kind or address does. */
  match?: string;
  /** 0 to 1; decided by seed, rule and count, so the same run meets the same faults. */
  probability: number;
  /** It ends after so many. */
  times?: number;
  /** Which of its matches it struck, counted from 1: the log that a replay goes by. */
  struck: number[];
  /** How often it could have struck. */
  matched: number;
  /** A replayed rule strikes exactly these. */
  replays?: number[];
  /** In the account's time. */
  addedAtMs: number;
  removedAtMs?: number;
}

export interface FaultTarget {
  provider: string;
  key?: string;
  /** `POST /call`, or a webhook's kind and address. */
  subject: string;
}

export const isAimedAt = (rule: FaultRule, target: FaultTarget): boolean =>
  rule.removedAtMs === undefined &&
  (rule.provider === "*" || rule.provider === target.provider) &&
  (rule.key === undefined || rule.key === target.key) &&
  (rule.match === undefined || target.subject.includes(rule.match));
