import type { Account } from "../accounts/account.ts";
import type { PhoneAction, PhoneCall, PhoneService, PhoneText } from "../phones/phone-service.ts";
import { type Call, callsOf, isOver } from "./calls/call.ts";
import { end, pickUp, receiveCall, say } from "./calls/call-life.ts";
import { hears, presses } from "./calls/call-program.ts";
import { type Message, messagesOf } from "./messages/message.ts";
import { receiveMessage } from "./messages/message-life.ts";
import { numbersOf, ownNumber } from "./numbers/number.ts";
import { toE164 } from "./phone-number.ts";

/** What people at phones can do with Twilio's twin. */
export const twilioPhones: PhoneService = {
  numbers: (account) =>
    numbersOf(account)
      .values()
      .map(({ phoneNumber }) => phoneNumber),
  calls: (account) => callsOf(account).newestFirst().map(phoneCall),
  act(account, callId, action) {
    const call = callsOf(account).get(callId);
    return call !== undefined && !isOver(call) && act(account, call, action);
  },
  call(account, from, to) {
    const person = toE164(from);
    const call = person === undefined ? undefined : receiveCall(account, person, toE164(to) ?? to);
    return call && phoneCall(call);
  },
  texts: (account) => messagesOf(account).newestFirst().map(phoneText),
  text(account, from, to, text) {
    const person = toE164(from);
    const number = ownNumber(account, toE164(to) ?? to);
    return person && number
      ? phoneText(receiveMessage(account, person, number.phoneNumber, text))
      : undefined;
  },
};

function act(account: Account, call: Call, action: PhoneAction): boolean {
  const rings = call.status === "ringing" && call.direction !== "inbound";
  // Whoever acts is there, and takes over from the persona.
  if (action.type === "answer" && rings) {
    Object.assign(call.persona, { holder: "person", pickup: "answers" });
    pickUp(account, call);
    return true;
  }
  if (action.type === "decline" && rings) {
    end(account, call, "busy");
    return true;
  }
  if (call.status !== "in-progress") return false;
  switch (action.type) {
    case "hang_up":
      say(account, call, "note", "The person hung up");
      end(account, call, "completed");
      return true;
    case "press":
      return presses(account, call, action.keys);
    case "say":
      return hears(account, call, action.text);
    default:
      return false;
  }
}

function phoneCall(call: Call): PhoneCall {
  const inbound = call.direction === "inbound";
  const shown: PhoneCall = {
    id: call.sid,
    number: inbound ? call.from : call.to,
    appNumber: inbound ? call.to : call.from,
    direction: inbound ? "from_person" : "to_person",
    status: call.status,
    state: isOver(call)
      ? "ended"
      : call.status === "in-progress"
        ? "talking"
        : call.status === "ringing"
          ? "ringing"
          : "coming",
    lines: call.lines,
    startedAtMs: call.createdAtMs,
  };
  if (call.endAtMs !== undefined) shown.endedAtMs = call.endAtMs;
  const asks = asksFor(call);
  if (asks) shown.asks = asks;
  return shown;
}

function asksFor({ asks }: Call): PhoneCall["asks"] {
  if (!asks || asks.verb === "Dial") return undefined;
  if (asks.verb === "Record") return "speech";
  const inputs = asks.node.attributes["input"] ?? "dtmf";
  if (!inputs.includes("speech")) return "keys";
  return inputs.includes("dtmf") ? "keys_or_speech" : "speech";
}

function phoneText({ sid, direction, from, to, body, status, createdAtMs }: Message): PhoneText {
  const inbound = direction === "inbound";
  return {
    id: sid,
    direction: inbound ? "from_person" : "to_person",
    number: inbound ? from : to,
    appNumber: inbound ? to : from,
    text: body,
    status,
    atMs: createdAtMs,
  };
}
