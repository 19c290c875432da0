import type { Account } from "../../accounts/account.ts";
import { orgId } from "../credentials.ts";
import { assistantOf, objectOf, textOf } from "./assistant-settings.ts";
import type { SpokenTurn, VapiCall } from "./call.ts";
import { exampleValue } from "./example-value.ts";

const iso = (ms: number): string => new Date(ms).toISOString();

/** Dollars a minute, near Vapi's own and its usual partners' prices. */
const prices = { transport: 0.008, stt: 0.01, llm: 0.02, tts: 0.022, vapi: 0.05 };

export function renderCall(account: Account, call: VapiCall): Record<string, unknown> {
  const { startedAtMs, endedAtMs, endedReason } = call;
  const rendered: Record<string, unknown> = {
    id: call.id,
    orgId: orgId(account),
    createdAt: iso(call.createdAtMs),
    updatedAt: iso(call.updatedAtMs),
    type: call.type,
    status: call.status,
    phoneCallProvider: "vapi",
    phoneCallProviderId: `CA${call.id.replaceAll("-", "")}`,
    phoneCallTransport: "pstn",
    transport: { conversationType: "voice", provider: "vapi.phone" },
    customer: call.customer,
    cost: 0,
  };
  for (const name of [
    "assistantId",
    "assistant",
    "assistantOverrides",
    "phoneNumberId",
    "name",
    "metadata",
    "schedulePlan",
  ] as const) {
    if (call[name] !== undefined) rendered[name] = call[name];
  }
  if (startedAtMs !== undefined) rendered["startedAt"] = iso(startedAtMs);
  if (call.turns.length > 0) rendered["messages"] = messagesOf(account, call);
  if (endedAtMs === undefined) return rendered;
  return {
    ...rendered,
    ...costOf(call),
    endedAt: iso(endedAtMs),
    endedReason,
    transcript: transcriptOf(call),
    ...recordingOf(account, call),
    artifact: artifactOf(account, call),
    analysis: analysisOf(account, call),
    ...(startedAtMs !== undefined && { summary: analysisOf(account, call)["summary"] }),
  };
}

export function costOf(call: VapiCall): {
  cost: number;
  costBreakdown: Record<string, number>;
  costs: object[];
} {
  const minutes =
    call.startedAtMs === undefined ? 0 : ((call.endedAtMs ?? call.startedAtMs) - call.startedAtMs) / 60_000;
  const dollars = (price: number) => Math.round(price * minutes * 10_000) / 10_000;
  const characters = call.turns
    .filter(({ role }) => role === "bot")
    .reduce((sum, { text }) => sum + text.length, 0);
  const parts = Object.fromEntries(Object.entries(prices).map(([name, price]) => [name, dollars(price)]));
  const total = Math.round(Object.values(parts).reduce((sum, part) => sum + part, 0) * 10_000) / 10_000;
  return {
    cost: total,
    costBreakdown: {
      ...parts,
      total,
      llmPromptTokens: Math.round(characters * 3),
      llmCompletionTokens: Math.round(characters / 4),
      ttsCharacters: characters,
    },
    costs: [
      { type: "transport", provider: "vapi", minutes, cost: parts["transport"] },
      { type: "vapi", subType: "normal", minutes, cost: parts["vapi"] },
    ],
  };
}

const speakers: Record<SpokenTurn["role"], string> = {
  bot: "AI",
  user: "User",
  tool_calls: "",
  tool_call_result: "",
};

export const transcriptOf = (call: VapiCall): string =>
  call.turns
    .filter(({ role }) => speakers[role] !== "")
    .map(({ role, text }) => `${speakers[role]}: ${text}\n`)
    .join("");

function messagesOf(account: Account, call: VapiCall): object[] {
  const beganMs = call.startedAtMs ?? call.createdAtMs;
  const system = textOf(objectOf(assistantOf(account, call)?.["model"])?.["systemPrompt"]);
  const opening =
    system === undefined ? [] : [{ role: "system", message: system, time: beganMs, secondsFromStart: 0 }];
  const spoken = call.turns.map(({ role, text, atMs, durationMs, toolCall }) => {
    const at = { time: atMs, secondsFromStart: (atMs - beganMs) / 1_000 };
    if (role === "tool_calls") return { role, ...at, toolCalls: [openAiToolCall(toolCall!)], message: "" };
    if (role === "tool_call_result")
      return { role, ...at, name: toolCall!.name, toolCallId: toolCall!.id, result: text };
    return { role, message: text, ...at, endTime: atMs + durationMs, duration: durationMs };
  });
  return [...opening, ...spoken];
}

/** As OpenAI would have it: the `conversation` of messages. */
export const openAiMessages = (call: VapiCall): object[] =>
  call.turns.map(({ role, text, toolCall }) => {
    if (role === "tool_calls")
      return { role: "assistant", content: null, tool_calls: [openAiToolCall(toolCall!)] };
    if (role === "tool_call_result") return { role: "tool", tool_call_id: toolCall!.id, content: text };
    return { role: role === "bot" ? "assistant" : "user", content: text };
  });

export const openAiToolCall = ({ id, name, arguments: given }: NonNullable<VapiCall["toolCall"]>) => ({
  id,
  type: "function",
  function: { name, arguments: JSON.stringify(given) },
});

export function recordingOf(account: Account, call: VapiCall): Record<string, string> {
  if (call.startedAtMs === undefined) return {};
  const base = `https://storage.vapi.ai/${orgId(account)}/${call.id}`;
  return { recordingUrl: `${base}-mono.wav`, stereoRecordingUrl: `${base}-stereo.wav` };
}

export function artifactOf(account: Account, call: VapiCall): Record<string, unknown> {
  const recording = recordingOf(account, call);
  return {
    messages: messagesOf(account, call),
    messagesOpenAIFormatted: openAiMessages(call),
    transcript: transcriptOf(call),
    ...recording,
    ...(recording["recordingUrl"] && {
      recording: {
        stereoUrl: recording["stereoRecordingUrl"],
        mono: { combinedUrl: recording["recordingUrl"] },
      },
    }),
  };
}

/** What a model would say about the call, made from the transcript alone. */
export function analysisOf(account: Account, call: VapiCall): Record<string, unknown> {
  if (call.startedAtMs === undefined) return {};
  const said = call.turns.filter(({ role }) => role === "user").map(({ text }) => text);
  const seconds = Math.round(((call.endedAtMs ?? call.startedAtMs) - call.startedAtMs) / 1_000);
  const reached = call.persona.pickup === "answers" && said.length > 0;
  const plan = objectOf(assistantOf(account, call)?.["analysisPlan"]);
  const schema =
    objectOf(objectOf(plan?.["structuredDataPlan"])?.["schema"]) ?? objectOf(plan?.["structuredDataSchema"]);
  const random = account.random("vapi.analysis", call.id);
  return {
    summary: reached
      ? `A call of ${seconds} s from the sandbox. The customer said: ${said.join(" ")}`
      : `A call of ${seconds} s from the sandbox in which the customer was not reached.`,
    ...(schema && { structuredData: exampleValue(schema, random, said.at(-1) ?? "") as object }),
    successEvaluation: String(reached),
  };
}
