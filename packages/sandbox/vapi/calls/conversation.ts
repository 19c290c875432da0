import type { Account } from "../../accounts/account.ts";
import { speechMs } from "../../phones/phone.ts";
import type { WebhookResult } from "../../webhooks/webhook.ts";
import { tellServer, wants } from "../messages/server-message.ts";
import { assistantOf, functionTools, listOf, objectOf, serverOf, textOf } from "./assistant-settings.ts";
import { callsOf, type SpokenTurn, type VapiCall } from "./call.ts";
import { change, end, later, readJson } from "./call-life.ts";
import { exampleValue } from "./example-value.ts";
import { openAiMessages, openAiToolCall, transcriptOf } from "./render-call.ts";

/*
 * Assistant and person speak in turns. There is no model behind the assistant: it says its first message, calls each of its functions
 * once, tells what they returned, and else says plainly that it comes from the sandbox.
 */

const thinkingMs = 900;
const replies = [
  "I understand. This is the sandbox's assistant, so I only listen.",
  "Thank you, I have noted that for this simulated call.",
  "Good to know. Is there anything else you want to say to the sandbox?",
];

export function begin(account: Account, call: VapiCall): void {
  const assistant = assistantOf(account, call)!;
  const limitS = Number(assistant["maxDurationSeconds"] ?? 600) || 600;
  account.schedule("vapi", "limit", limitS * 1_000, { id: call.id });
  if (call.persona.pickup === "voicemail") return void leaveVoicemail(account, call);
  if (assistant["firstMessageMode"] === "assistant-waits-for-user") return void personsTurn(account, call, 0);
  const first = textOf(assistant["firstMessage"]) ?? "Hello, this is a call from the sandbox.";
  personsTurn(account, call, speak(account, call, "bot", fill(first, call)));
}

function leaveVoicemail(account: Account, call: VapiCall): void {
  const greetingMs = speak(
    account,
    call,
    "user",
    call.persona.says[call.said++] ?? "Please leave a message.",
  );
  const message = textOf(assistantOf(account, call)?.["voicemailMessage"]);
  change(account, call);
  later(
    account,
    call,
    "call.voicemail",
    greetingMs + (message === undefined ? 500 : speak(account, call, "bot", fill(message, call))),
  );
}

/** The assistant has spoken; a persona answers by itself, a person at the page when they like. */
function personsTurn(account: Account, call: VapiCall, spokenMs: number): void {
  const silenceMs = (Number(assistantOf(account, call)?.["silenceTimeoutSeconds"] ?? 30) || 30) * 1_000;
  change(account, call);
  if (call.persona.holder === "person")
    return void later(account, call, "call.silence", spokenMs + Math.max(silenceMs, 30_000));
  if (call.said >= call.persona.says.length)
    return void later(account, call, "call.customer-ended", spokenMs + thinkingMs);
  later(account, call, "call.next", spokenMs + thinkingMs);
}

/** A persona's turn. */
export function proceed(account: Account, call: VapiCall): void {
  hears(account, call, call.persona.says[call.said++] ?? "");
}

/** The person says something, and the assistant goes on. */
export function hears(account: Account, call: VapiCall, text: string): void {
  const spokenMs = speak(account, call, "user", text);
  change(account, call);
  const assistant = assistantOf(account, call);
  if (!assistant) return void end(account, call, "assistant-not-found");
  const tool = functionTools(account, assistant).find(({ name }) => !call.toolsCalled.includes(name));
  if (tool) {
    const id = `call_${account.nextId("vapi.tool-call").slice(0, 24)}`;
    const given = exampleValue({ ...tool.parameters, type: "object" }, account.random("vapi.tool", id), text);
    call.toolCall = { id, name: tool.name, arguments: objectOf(given) ?? {} };
    call.toolsCalled.push(tool.name);
    add(account, call, {
      role: "tool_calls",
      text: "",
      atMs: account.nowMs() + spokenMs,
      durationMs: 0,
      toolCall: call.toolCall,
    });
    const rendered = openAiToolCall(call.toolCall);
    const sent = tellServer(
      account,
      call,
      "tool-calls",
      {
        toolCallList: [{ ...rendered, name: tool.name, arguments: call.toolCall.arguments }],
        toolWithToolCallList: [{ ...tool.definition, toolCall: rendered }],
        toolCalls: [rendered],
      },
      {
        server: tool.server ?? serverOf(account, call),
        reply: { type: "call.tool", data: { id: call.id, turn: call.turn } },
      },
    );
    if (sent) return;
    return void assistantsTurn(account, call, spokenMs, "No result returned for toolCallId.");
  }
  assistantsTurn(account, call, spokenMs);
}

/** The app's answer to `tool-calls`: `{"results": [{"toolCallId", "result"}]}`. */
export function toolAnswered(
  account: Account,
  call: VapiCall,
  { failure, status, body }: WebhookResult,
): void {
  const answer = failure === undefined && status === 200 ? readJson(body) : undefined;
  const results = listOf(answer?.["results"]);
  const result = results.find(({ toolCallId }) => toolCallId === call.toolCall?.id);
  const value = result?.["result"] ?? result?.["error"];
  const text =
    value === undefined
      ? "No result returned for toolCallId."
      : typeof value === "string"
        ? value
        : JSON.stringify(value);
  assistantsTurn(account, call, 0, text);
}

function assistantsTurn(account: Account, call: VapiCall, spokenMs: number, result?: string): void {
  if (result !== undefined && call.toolCall) {
    add(account, call, {
      role: "tool_call_result",
      text: result,
      atMs: account.nowMs(),
      durationMs: 0,
      toolCall: call.toolCall,
    });
    delete call.toolCall;
  }
  const lastWords = call.turns.filter(({ role }) => role === "user").at(-1)?.text ?? "";
  const wantsEnd = /\b(?:bye|goodbye)\b/i.test(lastWords);
  const endMessage = textOf(assistantOf(account, call)?.["endCallMessage"]);
  const text = wantsEnd
    ? (endMessage ?? "Goodbye.")
    : result !== undefined
      ? `Here is what I found: ${result}`
      : account.random("vapi.reply", call.id, call.turns.length).pick(replies);
  const replyMs = speak(account, call, "bot", text, spokenMs + thinkingMs);
  if (!wantsEnd) return void personsTurn(account, call, replyMs);
  change(account, call);
  later(account, call, "call.assistant-ended", replyMs);
}

/** Notes what is said from now on, or a little later; when it is over, in milliseconds from now. */
function speak(account: Account, call: VapiCall, role: "bot" | "user", text: string, afterMs = 0): number {
  const durationMs = speechMs(text);
  add(account, call, { role, text, atMs: account.nowMs() + afterMs, durationMs });
  if (wants(account, call, "transcript")) {
    tellServer(account, call, "transcript", {
      role: role === "bot" ? "assistant" : "user",
      transcriptType: "final",
      transcript: text,
    });
  }
  if (wants(account, call, "conversation-update")) {
    const conversation = openAiMessages(call);
    tellServer(account, call, "conversation-update", {
      conversation,
      messagesOpenAIFormatted: conversation,
      transcript: transcriptOf(call),
    });
  }
  return afterMs + durationMs;
}

function add(account: Account, call: VapiCall, turn: SpokenTurn): void {
  call.turns.push(turn);
  callsOf(account).put(call.id, call);
}

/** `{{name}}` of the overrides' `variableValues`: https://docs.vapi.ai/assistants/dynamic-variables */
function fill(text: string, call: VapiCall): string {
  const values: Record<string, unknown> = {
    customer: call.customer,
    ...objectOf(call.assistantOverrides?.["variableValues"]),
  };
  return text.replace(/\{\{\s*([\w.]+)\s*\}\}/g, (whole, path: string) => {
    const value = path.split(".").reduce<unknown>((found, name) => objectOf(found)?.[name], values);
    return value === undefined ? whole : String(value);
  });
}
