import type { Account } from "../../accounts/account.ts";
import { keysFor, speechMs } from "../../phones/phone.ts";
import type { WebhookResult } from "../../webhooks/webhook.ts";
import { callBack } from "../callback.ts";
import { toE164 } from "../phone-number.ts";
import { recordingUrl, saveRecording } from "../recordings/recording.ts";
import { isProblem, parseTwiml, readTwiml, type TwimlNode, type TwimlProblem } from "../twiml/parse-twiml.ts";
import { type Asking, type Call, callsOf, durationSeconds } from "./call.ts";
import { callParameters, change, end, later, note, placeCall, say } from "./call-life.ts";

/** Length that is taken for audio nobody here has heard. */
const audioMs = 4_000;
/** Typing takes longer than speaking: what waits for a person at the page waits at least so long. */
const personPatienceMs = 30_000;

/** Follows the call's TwiML from its beginning, or asks the app for it. */
export function begin(account: Account, call: Call): void {
  if (call.twiml !== undefined) follow(account, call, parseTwiml(call.twiml), call.url, call.method);
  else fetchTwiml(account, call, call.url!, call.method);
}

/** Asks the app what to do next; its answer comes back to `answerOf`. */
export function fetchTwiml(
  account: Account,
  call: Call,
  url: string,
  method: string,
  params: Record<string, string | undefined> = {},
): void {
  delete call.asks;
  change(account, call);
  const address = absolute(url, call.program?.url ?? call.url);
  call.program = { nodes: [], next: 0, url: address, method };
  callsOf(account).put(call.sid, call);
  callBack(account, {
    kind: "twiml",
    subject: call.sid,
    url: address,
    method,
    params: { ...callParameters(call), ...params },
    reply: { type: "call.twiml", data: { id: call.sid, turn: call.turn } },
  });
}

export function answerOf(account: Account, call: Call, answer: WebhookResult): void {
  follow(account, call, readTwiml(answer), answer.url, call.program?.method ?? "POST");
}

function follow(
  account: Account,
  call: Call,
  read: TwimlNode[] | TwimlProblem,
  url: string | undefined,
  method: string,
): void {
  if (isProblem(read)) return void fail(account, call, read);
  call.program = { nodes: read, next: 0, method, ...(url !== undefined && { url }) };
  if (call.direction === "inbound" && call.status === "ringing") {
    if (read[0]?.verb === "Reject")
      return void end(account, call, read[0].attributes["reason"] === "busy" ? "busy" : "no-answer");
    call.startAtMs = account.providerTimeMs("twilio");
    change(account, call, "in-progress");
  }
  proceed(account, call);
}

/** Twilio tries the fallback once, then apologises and hangs up. */
function fail(account: Account, call: Call, { code, message }: TwimlProblem): void {
  note(account, call, `Error ${code}: ${message}`);
  if (call.fallbackUrl !== undefined && call.program?.url !== call.fallbackUrl) {
    const params = { ErrorCode: String(code), ErrorUrl: call.program?.url };
    return void fetchTwiml(account, call, call.fallbackUrl, call.fallbackMethod, params);
  }
  if (call.status === "ringing") return void end(account, call, "failed");
  const apology = "We are sorry, an application error has occurred. Goodbye.";
  say(account, call, "app", apology);
  call.program = { nodes: [], next: 0, method: "POST" };
  pass(account, call, speechMs(apology));
}

/** The next verb, or the end of the call after the last. */
export function proceed(account: Account, call: Call): void {
  const { program } = call;
  const node = program?.nodes[program.next];
  if (!program || !node) return void end(account, call, "completed");
  program.next++;
  const { attributes, text } = node;
  switch (node.verb) {
    case "Say":
    case "Play":
    case "Pause":
      return void pass(account, call, perform(account, call, node));
    case "Gather":
      return void ask(account, call, "Gather", node);
    case "Record":
      return void ask(account, call, "Record", node);
    case "Dial":
      return void dial(account, call, node);
    case "Redirect":
      return void fetchTwiml(account, call, text, attributes["method"] ?? "POST");
    case "Hangup":
    case "Reject":
      return void end(account, call, "completed");
    default:
      note(account, call, `The sandbox does not carry out <${node.verb}>`);
      return void pass(account, call, 0);
  }
}

function pass(account: Account, call: Call, ms: number): void {
  change(account, call);
  later(account, call, "call.next", ms);
}

/** Says, plays or waits; how long that takes. */
function perform(account: Account, call: Call, { verb, attributes, text }: TwimlNode): number {
  const times = Math.min(1_000, Math.max(1, Number(attributes["loop"] ?? 1) || 1));
  if (verb === "Pause") return seconds(attributes["length"], 1);
  if (verb === "Say") {
    say(account, call, "app", text);
    return speechMs(text) * times;
  }
  say(account, call, "app", attributes["digits"] ? `(keys ${attributes["digits"]})` : `(plays ${text})`);
  return attributes["digits"] ? attributes["digits"].length * 500 : audioMs * times;
}

/** Gather and Record: what is said first, then the wait for the person. */
function ask(account: Account, call: Call, verb: Asking["verb"], node: TwimlNode): void {
  const promptMs = node.children.reduce((sum, child) => sum + perform(account, call, child), 0);
  const before = call.lines.filter(({ who }) => who === "app").at(-1)?.text ?? "";
  const prompt = node.children.map(({ text }) => text).join(" ") || before;
  change(account, call);
  call.asks = { verb, node, prompt, keys: "", startedAtMs: account.nowMs() + promptMs };
  callsOf(account).put(call.sid, call);
  const limitMs = seconds(node.attributes["timeout"], 5);
  if (call.persona.holder === "person")
    return void later(account, call, "call.silence", promptMs + Math.max(limitMs, personPatienceMs));
  const thinksMs = account.random("thinks", call.sid, call.said, call.pressed).between(500, 1_500);
  if (call.persona.pickup === "answers") later(account, call, "call.reacts", promptMs + thinksMs);
  later(account, call, "call.silence", promptMs + limitMs);
}

/** A persona says or presses something, by itself. */
export function reacts(account: Account, call: Call): void {
  const { asks, persona } = call;
  if (!asks) return;
  const inputs = (asks.node.attributes["input"] ?? "dtmf").split(/\s+/);
  const line = persona.says[call.said];
  if (asks.verb === "Record" || (inputs.includes("speech") && !persona.presses && line !== undefined)) {
    call.said++;
    return void hears(account, call, line ?? "");
  }
  if (!inputs.includes("dtmf")) return;
  const wanted = Number(asks.node.attributes["numDigits"] ?? 1) || 1;
  const keys = persona.presses
    ? persona.presses[call.pressed]
    : keysFor(account, asks.prompt, wanted, call.sid, call.pressed);
  call.pressed++;
  if (keys !== undefined) presses(account, call, keys);
}

/** The person says something; false where nobody listens. */
export function hears(account: Account, call: Call, text: string): boolean {
  const { asks } = call;
  say(account, call, "person", text);
  if (asks?.verb === "Gather" && (asks.node.attributes["input"] ?? "").includes("speech")) {
    const confidence = account.random("confidence", call.sid, call.said).between(82, 98) / 100;
    finishGather(account, call, asks, {
      SpeechResult: text,
      Confidence: String(confidence),
      Language: asks.node.attributes["language"] ?? "en-US",
    });
    return true;
  }
  if (asks?.verb !== "Record") return false;
  // It ends with the silence after the words.
  change(account, call);
  later(account, call, "call.silence", speechMs(text) + seconds(asks.node.attributes["timeout"], 5));
  return true;
}

/** The person presses keys; false where nobody waits for them. */
export function presses(account: Account, call: Call, keys: string): boolean {
  const { asks } = call;
  say(account, call, "person", `(presses ${keys})`);
  if (!asks || asks.verb === "Dial") return false;
  const { attributes } = asks.node;
  const finishKeys = attributes["finishOnKey"] ?? (asks.verb === "Gather" ? "#" : "1234567890*#");
  if (asks.verb === "Gather" && !(attributes["input"] ?? "dtmf").includes("dtmf")) return false;
  for (const key of keys) {
    if (finishKeys.includes(key)) {
      if (asks.verb === "Record") finishRecord(account, call, asks, key);
      else finishGather(account, call, asks, { Digits: asks.keys, FinishedOnKey: key });
      return true;
    }
    asks.keys += key;
    if (asks.verb === "Gather" && asks.keys.length === Number(attributes["numDigits"])) {
      finishGather(account, call, asks, { Digits: asks.keys });
      return true;
    }
  }
  // More keys may come, until the time-out passes again.
  change(account, call);
  later(account, call, "call.silence", seconds(attributes["timeout"], 5));
  return true;
}

/** Nothing more comes; of a dialled call: it is over. */
export function stopWaiting(account: Account, call: Call, dialled?: Call): void {
  const { asks } = call;
  if (!asks) return;
  if (asks.verb === "Record") return void finishRecord(account, call, asks);
  if (asks.verb === "Dial") return void finishDial(account, call, asks, dialled);
  if (asks.keys !== "") return void finishGather(account, call, asks, { Digits: asks.keys });
  if (asks.node.attributes["actionOnEmptyResult"] === "true")
    return void finishGather(account, call, asks, { Digits: "" });
  delete call.asks;
  pass(account, call, 0);
}

function finishGather(account: Account, call: Call, asks: Asking, params: Record<string, string>): void {
  continueAt(account, call, asks, {
    msg: params["SpeechResult"] === undefined ? "Gather End" : undefined,
    ...params,
  });
}

function finishRecord(account: Account, call: Call, asks: Asking, key?: string): void {
  const { attributes } = asks.node;
  const longest = Number(attributes["maxLength"] ?? 3_600) || 3_600;
  const durationS = Math.min(longest, Math.max(0, Math.round((account.nowMs() - asks.startedAtMs) / 1_000)));
  // Of silence alone nothing is kept, and the next verb follows.
  if (
    durationS === 0 ||
    !call.lines.some(({ who, atMs }) => who === "person" && atMs >= asks.startedAtMs - 1)
  ) {
    delete call.asks;
    return void pass(account, call, 0);
  }
  const callback = attributes["recordingStatusCallback"];
  const recording = saveRecording(account, call, {
    durationS,
    source: "RecordVerb",
    statusCallback: callback === undefined ? undefined : absolute(callback, call.program?.url),
  });
  continueAt(account, call, asks, {
    RecordingSid: recording.sid,
    RecordingUrl: recordingUrl(account, recording),
    RecordingDuration: String(durationS),
    Digits: key ?? "hangup",
  });
}

function dial(account: Account, call: Call, node: TwimlNode): void {
  const { attributes } = node;
  const named = node.children.find(({ verb }) => verb === "Number")?.text ?? node.text;
  const to = toE164(named);
  change(account, call);
  call.asks = { verb: "Dial", node, prompt: "", keys: "", startedAtMs: account.nowMs() };
  callsOf(account).put(call.sid, call);
  if (to === undefined) {
    note(account, call, `The sandbox does not dial ${named || node.children[0]?.verb || "nothing"}`);
    return void stopWaiting(account, call);
  }
  note(account, call, `Dials ${to}`);
  const from = attributes["callerId"] ?? (call.direction === "inbound" ? call.from : call.from);
  placeCall(account, {
    from,
    to,
    direction: "outbound-dial",
    parentSid: call.sid,
    timeoutMs: seconds(attributes["timeout"], 30),
  });
}

function finishDial(account: Account, call: Call, asks: Asking, dialled: Call | undefined): void {
  const params = {
    DialCallStatus: dialled?.status ?? "failed",
    DialCallSid: dialled?.sid,
    DialCallDuration: dialled && String(durationSeconds(dialled)),
  };
  if (asks.node.attributes["action"] !== undefined) return void continueAt(account, call, asks, params);
  delete call.asks;
  pass(account, call, 0);
}

/** At the verb's `action`; without one at the document it stands in. */
function continueAt(
  account: Account,
  call: Call,
  asks: Asking,
  params: Record<string, string | undefined>,
): void {
  const { action, method } = asks.node.attributes;
  const url = action || call.program?.url;
  delete call.asks;
  if (url === undefined) return void pass(account, call, 0);
  fetchTwiml(account, call, url, method ?? "POST", params);
}

const seconds = (text: string | undefined, usual: number): number => {
  const value = Number(text);
  return (
    (text === undefined || text === "auto" || !Number.isFinite(value) ? usual : Math.max(0, value)) * 1_000
  );
};

function absolute(url: string, base: string | undefined): string {
  return base !== undefined && URL.canParse(url, base) ? new URL(url, base).href : url;
}
