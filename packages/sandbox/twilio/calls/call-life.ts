import type { Account } from "../../accounts/account.ts";
import { type CallTurn, CallTurns } from "../../phones/call-turns.ts";
import { nextPersona, speechMs } from "../../phones/phone.ts";
import type { WebhookResult } from "../../webhooks/webhook.ts";
import { callBack } from "../callback.ts";
import { nextSid } from "../credentials.ts";
import { ownNumber } from "../numbers/number.ts";
import { countryOf } from "../phone-number.ts";
import { saveRecording } from "../recordings/recording.ts";
import { rfc2822 } from "../resource.ts";
import { type Call, type CallEvent, type CallStatus, callsOf, durationSeconds, isOver } from "./call.ts";
import { answerOf, begin, proceed, reacts, stopWaiting } from "./call-program.ts";

/*
 * Out: queued → (initiated) → ringing → in-progress → completed, or busy, no-answer, canceled, failed.
 * In: ringing → the app's TwiML → in-progress → completed.
 */

const turns = new CallTurns<Call>({
  provider: "twilio",
  calls: callsOf,
  idOf: ({ sid }) => sid,
  isOver,
});

export type NewCall = Pick<Call, "from" | "to" | "direction"> & Partial<Call>;

export function placeCall(account: Account, wish: NewCall): Call {
  const call = makeCall(account, wish, wish.to);
  later(account, call, "call.initiate", 300);
  return call;
}

/** A person calls one of the app's numbers; undefined where there is no such number. */
export function receiveCall(account: Account, from: string, to: string): Call | undefined {
  const number = ownNumber(account, to);
  if (!number) return undefined;
  const wish: NewCall = { from, to, direction: "inbound", status: "ringing", statusEvents: ["completed"] };
  if (number.voiceUrl) Object.assign(wish, { url: number.voiceUrl, method: number.voiceMethod });
  if (number.voiceFallbackUrl)
    Object.assign(wish, { fallbackUrl: number.voiceFallbackUrl, fallbackMethod: number.voiceFallbackMethod });
  if (number.statusCallback)
    Object.assign(wish, {
      statusCallback: number.statusCallback,
      statusCallbackMethod: number.statusCallbackMethod,
    });
  const call = makeCall(account, wish, from);
  if (call.url === undefined) {
    note(account, call, "The number has no address for calls (VoiceUrl)");
    end(account, call, "failed");
  } else begin(account, call);
  return call;
}

function makeCall(account: Account, wish: NewCall, person: string): Call {
  const nowMs = account.providerTimeMs("twilio");
  const call: Call = {
    ...{
      status: "queued",
      method: "POST",
      fallbackMethod: "POST",
      statusCallbackMethod: "POST",
      statusEvents: ["completed"],
    },
    ...{ timeoutMs: 60_000, detectsMachine: false, records: false },
    ...wish,
    ...{ sid: nextSid(account, "CA"), createdAtMs: nowMs, updatedAtMs: nowMs },
    ...{
      persona: nextPersona(account, "twilio", person),
      said: 0,
      pressed: 0,
      sequence: 0,
      turn: 0,
      lines: [],
    },
  };
  return callsOf(account).put(call.sid, call);
}

export function callHappens(account: Account, type: string, data: CallTurn, answer?: WebhookResult): void {
  const call = turns.current(account, data);
  if (!call) return;
  switch (type) {
    case "call.initiate":
      tell(account, call, "initiated", "initiated");
      return void later(account, call, "call.ring", 700);
    case "call.ring":
      return void ring(account, call);
    case "call.pickup":
      return void pickUp(account, call);
    case "call.unanswered":
      return void end(account, call, "no-answer");
    case "call.detected":
      return void begin(account, call);
    case "call.twiml":
      return void answerOf(account, call, answer!);
    case "call.next":
      return void proceed(account, call);
    case "call.reacts":
      return void reacts(account, call);
    case "call.silence":
      return void stopWaiting(account, call);
    case "call.talked":
      return void end(account, call, "completed");
  }
}

function ring(account: Account, call: Call): void {
  change(account, call, "ringing");
  tell(account, call, "ringing", "ringing");
  turns.ring(account, call, call.timeoutMs);
}

/** Somebody, or something, takes the call. */
export function pickUp(account: Account, call: Call): void {
  if (call.persona.pickup === "busy") return void end(account, call, "busy");
  call.startAtMs = account.providerTimeMs("twilio");
  change(account, call, "in-progress");
  tell(account, call, "answered", "in-progress");
  if (call.direction === "outbound-dial") {
    const talkMs = account.random("twilio.talk", call.sid).between(8_000, 90_000);
    if (call.persona.holder === "persona") later(account, call, "call.talked", talkMs);
    return;
  }
  const greeting = call.persona.says[call.said];
  if (greeting !== undefined && call.persona.holder === "persona") {
    call.said++;
    say(account, call, "person", greeting);
  }
  if (!call.detectsMachine) return void begin(account, call);
  call.answeredBy = call.persona.pickup === "voicemail" ? "machine_start" : "human";
  later(account, call, "call.detected", greeting === undefined ? 4_000 : Math.min(4_000, speechMs(greeting)));
}

export function end(account: Account, call: Call, status: CallStatus): void {
  if (isOver(call)) return;
  call.endAtMs = account.providerTimeMs("twilio");
  delete call.asks;
  delete call.program;
  change(account, call, status);
  for (const child of callsOf(account).values())
    if (child.parentSid === call.sid) end(account, child, "completed");
  if (call.records && call.startAtMs !== undefined) {
    saveRecording(account, call, {
      durationS: durationSeconds(call),
      source: "OutboundAPI",
      statusCallback: call.recordingStatusCallback,
    });
  }
  tell(account, call, "completed", status);
  const parent = call.parentSid === undefined ? undefined : callsOf(account).get(call.parentSid);
  if (parent && !isOver(parent) && parent.asks?.verb === "Dial") stopWaiting(account, parent, call);
}

export const later = (account: Account, call: Call, type: string, delayMs: number): void =>
  turns.later(account, call, type, delayMs);

/** Everything that was scheduled is void. */
export const change = (account: Account, call: Call, status: CallStatus = call.status): void =>
  turns.change(account, call, status);

export function say(account: Account, call: Call, who: "app" | "person" | "note", text: string): void {
  call.lines.push({ who, text, atMs: account.nowMs() });
  callsOf(account).put(call.sid, call);
}

export const note = (account: Account, call: Call, text: string): void => say(account, call, "note", text);

/** Parameters of every request about a call: https://www.twilio.com/docs/voice/twiml#request-parameters */
export function callParameters(call: Call, status: string = call.status): Record<string, string | undefined> {
  return {
    CallSid: call.sid,
    From: call.from,
    To: call.to,
    Caller: call.from,
    Called: call.to,
    CallStatus: status,
    Direction: call.direction,
    ParentCallSid: call.parentSid,
    AnsweredBy: call.answeredBy,
    FromCountry: countryOf(call.from),
    ToCountry: countryOf(call.to),
    CallerCountry: countryOf(call.from),
    CalledCountry: countryOf(call.to),
  };
}

function tell(account: Account, call: Call, event: CallEvent, status: string): void {
  if (call.statusCallback === undefined || !call.statusEvents.includes(event)) return;
  const seconds = durationSeconds(call);
  const over = event === "completed";
  callBack(account, {
    kind: "call-status",
    subject: call.sid,
    url: call.statusCallback,
    method: call.statusCallbackMethod,
    params: {
      ...callParameters(call, status),
      CallbackSource: "call-progress-events",
      SequenceNumber: String(call.sequence++),
      Timestamp: rfc2822(account.providerTimeMs("twilio")),
      CallDuration: over ? String(seconds) : undefined,
      Duration: over ? String(Math.ceil(seconds / 60)) : undefined,
    },
  });
  callsOf(account).put(call.sid, call);
}
