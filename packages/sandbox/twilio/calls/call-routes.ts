import { json } from "../../provider/answer.ts";
import type { Given, TwinRoute } from "../../provider/provider.ts";
import { formOf } from "../../provider/twin-request.ts";
import { isCallable } from "../callback.ts";
import { magicSender } from "../messages/message-routes.ts";
import { ownNumber } from "../numbers/number.ts";
import { toE164 } from "../phone-number.ts";
import { accountPath, notFound, ownAccount, page, withinDates } from "../resource.ts";
import { twilioError } from "../twilio-error.ts";
import { type Call, type CallEvent, callsOf, isOver, renderCall } from "./call.ts";
import { end, type NewCall, placeCall } from "./call-life.ts";
import { begin, fetchTwiml } from "./call-program.ts";

/** https://www.twilio.com/docs/iam/test-credentials#test-voice-calls */
const magicReceivers: Record<string, 21217 | 21214 | 21215 | 21216> = {
  "+15005550001": 21217,
  "+15005550002": 21214,
  "+15005550003": 21215,
  "+15005550004": 21216,
};
const invalidSender = "+15005550001";
const callEvents: readonly string[] = ["initiated", "ringing", "answered", "completed"];

/** https://www.twilio.com/docs/voice/api/call-resource */
export const callRoutes: TwinRoute[] = [
  { method: "POST", path: `${accountPath}/Calls.json`, answer: ownAccount(create) },
  { method: "GET", path: `${accountPath}/Calls.json`, answer: ownAccount(list) },
  {
    method: "GET",
    path: `${accountPath}/Calls/:sid.json`,
    answer: withCall(({ account }, call) => json(renderCall(account, call))),
  },
  { method: "POST", path: `${accountPath}/Calls/:sid.json`, answer: withCall(update) },
  {
    method: "DELETE",
    path: `${accountPath}/Calls/:sid.json`,
    answer: withCall(({ account }, call) => {
      end(account, call, "canceled");
      callsOf(account).delete(call.sid);
      return { status: 204 };
    }),
  },
];

function withCall(answer: (given: Given, call: Call) => ReturnType<TwinRoute["answer"]>) {
  return ownAccount((given) => {
    const call = callsOf(given.account).get(given.params["sid"]!);
    return call ? answer(given, call) : notFound(given);
  });
}

function create(given: Given) {
  const { account, request } = given;
  const form = formOf(request);
  const [toText, fromText] = [form.get("To") ?? "", form.get("From") ?? ""];
  if (toText === "") return twilioError(21201);
  if (fromText === "") return twilioError(21213);
  const from = toE164(fromText);
  if (from === undefined || from === invalidSender) return twilioError(21212, fromText);
  if (!ownNumber(account, from) && from !== magicSender) return twilioError(21210, from);
  const to = toE164(toText);
  if (to === undefined) return twilioError(21211, toText);
  const magic = magicReceivers[to];
  if (magic !== undefined) return twilioError(magic, to);
  const [url, twiml] = [form.get("Url"), form.get("Twiml")];
  if (!url && !twiml) return twilioError(21205, "");
  for (const name of ["Url", "FallbackUrl", "StatusCallback", "RecordingStatusCallback"]) {
    const value = form.get(name);
    if (value && !isCallable(value)) return twilioError(21205, value);
  }
  const wish: NewCall = { from, to, direction: "outbound-api" };
  if (twiml) wish.twiml = twiml;
  else wish.url = url!;
  const text = (
    name: string,
    setting:
      | "method"
      | "fallbackUrl"
      | "fallbackMethod"
      | "statusCallback"
      | "statusCallbackMethod"
      | "recordingStatusCallback",
  ) => {
    const value = form.get(name);
    if (value) wish[setting] = value;
  };
  text("Method", "method");
  text("FallbackUrl", "fallbackUrl");
  text("FallbackMethod", "fallbackMethod");
  text("StatusCallback", "statusCallback");
  text("StatusCallbackMethod", "statusCallbackMethod");
  text("RecordingStatusCallback", "recordingStatusCallback");
  const events = form.getAll("StatusCallbackEvent").flatMap((value) => value.split(/[ ,]+/));
  if (events.length > 0)
    wish.statusEvents = events.filter((event) => callEvents.includes(event)) as CallEvent[];
  // Twilio adds 5 s to what is asked for; 600 s is the most.
  const timeoutS = Number(form.get("Timeout") ?? 60);
  wish.timeoutMs = (Math.min(600, Math.max(1, Number.isFinite(timeoutS) ? timeoutS : 60)) + 5) * 1_000;
  wish.detectsMachine = /^(Enable|DetectMessageEnd)$/i.test(form.get("MachineDetection") ?? "");
  wish.records = form.get("Record") === "true";
  return json(renderCall(account, placeCall(account, wish)), 201);
}

function list(given: Given) {
  const { account, request } = given;
  const { query } = request;
  const wanted = (name: string) => query.get(name);
  const [to, from, status, parent] = [
    wanted("To"),
    wanted("From"),
    wanted("Status"),
    wanted("ParentCallSid"),
  ];
  const calls = callsOf(account)
    .newestFirst()
    .filter(
      (call) =>
        (to === null || call.to === (toE164(to) ?? to)) &&
        (from === null || call.from === (toE164(from) ?? from)) &&
        (status === null || call.status === status) &&
        (parent === null || call.parentSid === parent) &&
        withinDates(query, "StartTime", call.startAtMs ?? call.createdAtMs) &&
        withinDates(query, "EndTime", call.endAtMs),
    );
  return page(given, "calls", calls, (call) => renderCall(account, call));
}

/** Ends a call, or leads it elsewhere: https://www.twilio.com/docs/voice/api/call-resource#update-a-call-resource */
function update({ account, request }: Given, call: Call) {
  const form = formOf(request);
  const [status, url, twiml] = [form.get("Status"), form.get("Url"), form.get("Twiml")];
  if (status === "completed") end(account, call, call.status === "in-progress" ? "completed" : "canceled");
  else if (status === "canceled") {
    if (call.status === "queued" || call.status === "ringing") end(account, call, "canceled");
  } else if (url || twiml) {
    if (call.status !== "in-progress" || isOver(call)) return twilioError(21220);
    if (url && !isCallable(url)) return twilioError(21205, url);
    if (url) fetchTwiml(account, call, url, form.get("Method") ?? "POST");
    else {
      call.twiml = twiml!;
      begin(account, call);
    }
  }
  return json(renderCall(account, call));
}
