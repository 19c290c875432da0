import type { Account } from "../../accounts/account.ts";
import type { Persona } from "../../phones/phone.ts";
import type { PhoneLine } from "../../phones/phone-service.ts";
import { accountSid } from "../credentials.ts";
import { ownNumber } from "../numbers/number.ts";
import { nationalFormat } from "../phone-number.ts";
import { apiVersion, rfc2822 } from "../resource.ts";
import type { TwimlNode } from "../twiml/parse-twiml.ts";

export type CallStatus =
  | "queued"
  | "ringing"
  | "in-progress"
  | "completed"
  | "busy"
  | "failed"
  | "no-answer"
  | "canceled";

export type CallEvent = "initiated" | "ringing" | "answered" | "completed";

export interface Call {
  sid: string;
  from: string;
  to: string;
  direction: "outbound-api" | "outbound-dial" | "inbound";
  status: CallStatus;
  /** Of the call whose `<Dial>` made it. */
  parentSid?: string;
  createdAtMs: number;
  updatedAtMs: number;
  startAtMs?: number;
  endAtMs?: number;
  /** What to do once it is answered: an address or TwiML itself. */
  url?: string;
  method: string;
  twiml?: string;
  fallbackUrl?: string;
  fallbackMethod: string;
  statusCallback?: string;
  statusCallbackMethod: string;
  statusEvents: CallEvent[];
  timeoutMs: number;
  detectsMachine: boolean;
  answeredBy?: "human" | "machine_start";
  records: boolean;
  recordingStatusCallback?: string;

  persona: Persona;
  /** How many pieces of the persona's speech and keys are used. */
  said: number;
  pressed: number;
  /** Counts status callbacks. */
  sequence: number;
  /** See `CallTurns`. */
  turn: number;
  program?: Program;
  asks?: Asking;
  lines: PhoneLine[];
}

/** TwiML that is being followed. */
export interface Program {
  nodes: TwimlNode[];
  next: number;
  /** Where it came from: relative addresses go by it, and verbs without `action` ask it again. */
  url?: string;
  method: string;
}

/** What the call waits for. */
export interface Asking {
  verb: "Gather" | "Record" | "Dial";
  node: TwimlNode;
  /** What the person was told just before. */
  prompt: string;
  keys: string;
  startedAtMs: number;
}

export const callsOf = (account: Account) => account.collection<Call>("twilio.calls");

export const isOver = ({ status }: Call): boolean =>
  status !== "queued" && status !== "ringing" && status !== "in-progress";

/** Seconds from pickup to end; 0 for a call that nobody took. */
export const durationSeconds = (call: Call): number =>
  call.startAtMs === undefined || call.endAtMs === undefined
    ? 0
    : Math.round((call.endAtMs - call.startAtMs) / 1_000);

/** US local: https://www.twilio.com/en-us/voice/pricing/us */
const dollarsPerMinute = 0.014;

export function renderCall(account: Account, call: Call): object {
  const owner = accountSid(account);
  const uri = `/${apiVersion}/Accounts/${owner}/Calls/${call.sid}`;
  const over = isOver(call);
  const time = (ms: number | undefined) => (ms === undefined ? null : rfc2822(ms));
  return {
    account_sid: owner,
    annotation: null,
    answered_by: call.answeredBy ?? null,
    api_version: apiVersion,
    caller_name: null,
    date_created: rfc2822(call.createdAtMs),
    date_updated: rfc2822(call.updatedAtMs),
    direction: call.direction,
    duration: over ? String(durationSeconds(call)) : null,
    end_time: time(call.endAtMs),
    forwarded_from: null,
    from: call.from,
    from_formatted: nationalFormat(call.from),
    group_sid: null,
    parent_call_sid: call.parentSid ?? null,
    phone_number_sid: ownNumber(account, call.direction === "inbound" ? call.to : call.from)?.sid ?? "",
    price:
      over && call.startAtMs !== undefined
        ? (-Math.ceil(durationSeconds(call) / 60) * dollarsPerMinute).toFixed(5)
        : null,
    price_unit: "USD",
    queue_time: "0",
    sid: call.sid,
    start_time: time(call.startAtMs ?? (over ? call.createdAtMs : undefined)),
    status: call.status,
    subresource_uris: {
      events: `${uri}/Events.json`,
      notifications: `${uri}/Notifications.json`,
      payments: `${uri}/Payments.json`,
      recordings: `${uri}/Recordings.json`,
      siprec: `${uri}/Siprec.json`,
      streams: `${uri}/Streams.json`,
      transcriptions: `${uri}/Transcriptions.json`,
      user_defined_message_subscriptions: `${uri}/UserDefinedMessageSubscriptions.json`,
      user_defined_messages: `${uri}/UserDefinedMessages.json`,
    },
    to: call.to,
    to_formatted: nationalFormat(call.to),
    trunk_sid: null,
    uri: `${uri}.json`,
  };
}
