import type { Account } from "../../accounts/account.ts";
import { type CallTurn, CallTurns } from "../../phones/call-turns.ts";
import { nextPersona } from "../../phones/phone.ts";
import type { WebhookResult } from "../../webhooks/webhook.ts";
import { nextUuid } from "../credentials.ts";
import { tellServer, wants } from "../messages/server-message.ts";
import { phoneNumbers } from "../resources/kinds.ts";
import { type Resource, resourcesOf } from "../resources/resource.ts";
import { assistantOf, listOf, objectOf, readServer, serverOf, textOf } from "./assistant-settings.ts";
import { callsOf, isActive, isOver, type VapiCall, type VapiStatus } from "./call.ts";
import { begin, proceed, toolAnswered } from "./conversation.ts";
import { analysisOf, artifactOf, costOf, recordingOf, transcriptOf } from "./render-call.ts";

/*
 * (scheduled →) queued → ringing → in-progress → ended, with a reason for the end.
 */

const turns = new CallTurns<VapiCall>({ provider: "vapi", calls: callsOf, idOf: ({ id }) => id, isOver });

/** Slots of an account: https://docs.vapi.ai/calls/call-concurrency */
export const usualConcurrencyLimit = 10;
/** The network gives up after so long. */
const ringLimitMs = 45_000;
const assistantRequestLimitMs = 7_500;

export interface Limits {
  concurrencyLimit: number;
}

const limitsOf = (account: Account) => account.collection<Limits>("vapi.limits");

export const concurrencyLimit = (account: Account): number =>
  limitsOf(account).get("org")?.concurrencyLimit ?? usualConcurrencyLimit;

export const setConcurrencyLimit = (account: Account, limit: number): Limits =>
  limitsOf(account).put("org", { concurrencyLimit: limit });

/** Calls that have a line. */
const linesOf = (account: Account) =>
  account.collection<{ id: string }>("vapi.lines", Number.POSITIVE_INFINITY);

export const activeCalls = (account: Account): number => linesOf(account).size;

export type NewCall = Pick<VapiCall, "type" | "customer"> & Partial<VapiCall>;

/** Starts a call, or, where every line is taken, ends it at once. */
export function placeCall(account: Account, wish: NewCall): { call: VapiCall; blocked: boolean } {
  const blocked = wish.schedulePlan === undefined && activeCalls(account) >= concurrencyLimit(account);
  const call = makeCall(account, wish);
  const startsAtMs = Date.parse(String(wish.schedulePlan?.["earliestAt"] ?? ""));
  if (blocked) end(account, call, "call.start.error-subscription-concurrency-limit-reached");
  else if (startsAtMs > account.nowMs()) {
    change(account, call, "scheduled");
    later(account, call, "call.queue", startsAtMs - account.nowMs());
  } else queue(account, call);
  return { call, blocked };
}

/** A person calls a number; undefined where the account has no such number. */
export function receiveCall(account: Account, from: string, to: string): VapiCall | undefined {
  const number = resourcesOf(account, phoneNumbers)
    .values()
    .find((each) => each["number"] === to);
  if (!number) return undefined;
  const assistantId = textOf(number["assistantId"]);
  const blocked = activeCalls(account) >= concurrencyLimit(account);
  const call = makeCall(account, {
    ...{ type: "inboundPhoneCall", customer: { number: from }, phoneNumberId: number.id },
    ...(assistantId !== undefined && { assistantId }),
  });
  if (blocked) end(account, call, "call.start.error-subscription-concurrency-limit-reached");
  else if (assistantId !== undefined) answered(account, call);
  else requestAssistant(account, call, number);
  return call;
}

function requestAssistant(account: Account, call: VapiCall, number: Resource): void {
  const server = readServer(number);
  change(account, call, "ringing");
  if (!server) return void end(account, call, "assistant-not-found");
  tellServer(
    account,
    call,
    "assistant-request",
    {},
    {
      server: { ...server, timeoutMs: assistantRequestLimitMs },
      reply: { type: "call.assistant", data: { id: call.id, turn: call.turn } },
    },
  );
}

/** The app says which assistant takes the call: https://docs.vapi.ai/server-url/events#retrieving-assistants */
function assistantAnswered(account: Account, call: VapiCall, { failure, status, body }: WebhookResult): void {
  if (failure !== undefined || status !== 200) return void end(account, call, "assistant-request-failed");
  const answer = readJson(body);
  const error = textOf(answer?.["error"]);
  if (error !== undefined) return void end(account, call, "assistant-request-returned-error");
  const assistantId = textOf(answer?.["assistantId"]);
  const assistant = objectOf(answer?.["assistant"]);
  const overrides = objectOf(answer?.["assistantOverrides"]);
  if (assistantId !== undefined) call.assistantId = assistantId;
  else if (assistant) call.assistant = assistant;
  else return void end(account, call, "assistant-request-returned-no-assistant");
  if (overrides) call.assistantOverrides = overrides;
  answered(account, call);
}

function makeCall(account: Account, wish: NewCall): VapiCall {
  const nowMs = account.providerTimeMs("vapi");
  const { number } = wish.customer;
  const call: VapiCall = {
    ...wish,
    ...{ id: nextUuid(account, "call"), status: "queued", createdAtMs: nowMs, updatedAtMs: nowMs },
    ...{ persona: nextPersona(account, "vapi", number), said: 0, turn: 0, turns: [], toolsCalled: [] },
  };
  return callsOf(account).put(call.id, call);
}

export function callHappens(account: Account, type: string, data: CallTurn, answer?: WebhookResult): void {
  const call = turns.current(account, data);
  if (!call) return;
  switch (type) {
    case "call.queue":
      return void startScheduled(account, call);
    case "call.ring":
      return void ring(account, call);
    case "call.pickup":
      if (call.persona.pickup === "busy") return void end(account, call, "customer-busy");
      return void answered(account, call);
    case "call.unanswered":
      return void end(account, call, "customer-did-not-answer");
    case "call.assistant":
      return void assistantAnswered(account, call, answer!);
    case "call.tool":
      return void toolAnswered(account, call, answer!);
    case "call.next":
      return void proceed(account, call);
    case "call.silence":
      return void end(account, call, "silence-timed-out");
    case "call.voicemail":
      return void end(account, call, "voicemail");
    case "call.customer-ended":
      return void end(account, call, "customer-ended-call");
    case "call.assistant-ended":
      return void end(account, call, "assistant-ended-call");
  }
}

function startScheduled(account: Account, call: VapiCall): void {
  if (activeCalls(account) < concurrencyLimit(account)) queue(account, call);
  else end(account, call, "call.start.error-subscription-concurrency-limit-reached");
}

function queue(account: Account, call: VapiCall): void {
  change(account, call, "queued");
  later(account, call, "call.ring", account.random("vapi.queue", call.id).between(400, 1_500));
}

function ring(account: Account, call: VapiCall): void {
  if (!assistantOf(account, call)) return void end(account, call, "assistant-not-found");
  change(account, call, "ringing");
  turns.ring(account, call, ringLimitMs);
}

/** Somebody, or something, has taken the call. */
export function answered(account: Account, call: VapiCall): void {
  if (!assistantOf(account, call)) return void end(account, call, "assistant-not-found");
  call.startedAtMs = account.providerTimeMs("vapi");
  change(account, call, "in-progress");
  begin(account, call);
}

export function end(account: Account, call: VapiCall, reason: string): void {
  if (isOver(call)) return;
  const nowMs = account.providerTimeMs("vapi");
  Object.assign(call, { endedReason: reason, endedAtMs: nowMs });
  delete call.toolCall;
  change(account, call, "ended");
  if (!wants(account, call, "end-of-call-report")) return;
  const { startedAtMs = call.createdAtMs } = call;
  const analysis = analysisOf(account, call);
  tellServer(account, call, "end-of-call-report", {
    endedReason: reason,
    startedAt: new Date(startedAtMs).toISOString(),
    endedAt: new Date(nowMs).toISOString(),
    durationMs: nowMs - startedAtMs,
    durationSeconds: (nowMs - startedAtMs) / 1_000,
    durationMinutes: (nowMs - startedAtMs) / 60_000,
    ...costOf(call),
    analysis,
    summary: analysis["summary"],
    transcript: transcriptOf(call),
    ...recordingOf(account, call),
    artifact: artifactOf(account, call),
    messages: listOf(artifactOf(account, call)["messages"]),
  });
}

export const later = (account: Account, call: VapiCall, type: string, delayMs: number): void =>
  turns.later(account, call, type, delayMs);

/** Everything that was scheduled is void; a new status is told to the server. */
export function change(account: Account, call: VapiCall, status: VapiStatus = call.status): void {
  const isNew = status !== call.status || (status === "queued" && call.turn === 0);
  turns.change(account, call, status);
  if (isActive(call)) linesOf(account).put(call.id, { id: call.id });
  else linesOf(account).delete(call.id);
  if (!isNew || !serverOf(account, call) || !wants(account, call, "status-update")) return;
  const content = { status, ...(call.endedReason !== undefined && { endedReason: call.endedReason }) };
  tellServer(account, call, "status-update", content);
}

export function readJson(text: string): Record<string, unknown> | undefined {
  try {
    return objectOf(JSON.parse(text));
  } catch {
    return undefined;
  }
}
