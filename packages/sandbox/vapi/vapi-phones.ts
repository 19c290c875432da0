import type { Account } from "../accounts/account.ts";
import type { PhoneAction, PhoneCall, PhoneService } from "../phones/phone-service.ts";
import { callsOf, isOver, type VapiCall } from "./calls/call.ts";
import { answered, end, receiveCall } from "./calls/call-life.ts";
import { hears } from "./calls/conversation.ts";
import { phoneNumbers } from "./resources/kinds.ts";
import { resourcesOf } from "./resources/resource.ts";

/** What people at phones can do with Vapi's twin. */
export const vapiPhones: PhoneService = {
  numbers: (account) =>
    resourcesOf(account, phoneNumbers)
      .values()
      .flatMap(({ number }) => (typeof number === "string" ? number : [])),
  calls: (account) =>
    callsOf(account)
      .newestFirst()
      .map((call) => phoneCall(account, call)),
  act(account, callId, action) {
    const call = callsOf(account).get(callId);
    return call !== undefined && !isOver(call) && act(account, call, action);
  },
  call(account, from, to) {
    const call = receiveCall(account, from, to);
    return call && phoneCall(account, call);
  },
};

function act(account: Account, call: VapiCall, action: PhoneAction): boolean {
  const rings = call.status === "ringing" && call.type === "outboundPhoneCall";
  const talks = call.status === "in-progress" && call.toolCall === undefined;
  if (action.type === "answer" && rings) {
    // Whoever acts is there, and takes over from the persona.
    Object.assign(call.persona, { holder: "person", pickup: "answers" });
    answered(account, call);
    return true;
  }
  if (action.type === "decline" && rings) {
    end(account, call, "customer-busy");
    return true;
  }
  if (action.type === "hang_up" && call.status === "in-progress") {
    end(account, call, "customer-ended-call");
    return true;
  }
  if ((action.type === "say" || action.type === "press") && talks) {
    hears(account, call, action.type === "say" ? action.text : `(presses ${action.keys})`);
    return true;
  }
  return false;
}

function phoneCall(account: Account, call: VapiCall): PhoneCall {
  const { status } = call;
  const number =
    call.phoneNumberId === undefined ? undefined : resourcesOf(account, phoneNumbers).get(call.phoneNumberId);
  const shown: PhoneCall = {
    id: call.id,
    number: call.customer.number,
    appNumber: String(number?.["number"] ?? ""),
    direction: call.type === "inboundPhoneCall" ? "from_person" : "to_person",
    status,
    state:
      status === "ended"
        ? "ended"
        : status === "in-progress"
          ? "talking"
          : status === "ringing"
            ? "ringing"
            : "coming",
    lines: call.turns.map(({ role, text, atMs, toolCall }) => ({
      who: role === "bot" ? "app" : role === "user" ? "person" : "note",
      text: toolCall
        ? `${toolCall.name}(${JSON.stringify(toolCall.arguments)})${text && ` → ${text}`}`
        : text,
      atMs,
    })),
    startedAtMs: call.createdAtMs,
  };
  if (call.endedAtMs !== undefined) shown.endedAtMs = call.endedAtMs;
  if (call.endedReason !== undefined) shown.outcome = call.endedReason;
  if (status === "in-progress" && call.toolCall === undefined) shown.asks = "speech";
  return shown;
}
