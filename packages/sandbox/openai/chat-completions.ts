import type { Account } from "../accounts/account.ts";
import { type Answer, json } from "../provider/answer.ts";
import { recordOf, recordsOf } from "../provider/json-values.ts";
import type { Given } from "../provider/provider.ts";
import { jsonObjectOf } from "../provider/twin-request.ts";
import type { Written } from "../writing/conversation-text.ts";
import { tokensOf, tokensOfConversation, writtenTokens } from "../writing/token-count.ts";
import { writeAnswer } from "../writing/write-answer.ts";
import { chatConversation } from "./openai-conversation.ts";
import { invalidRequest } from "./openai-error.ts";
import { takeFromLimits } from "./rate-limits.ts";

/** `POST /v1/chat/completions`: https://platform.openai.com/docs/api-reference/chat */
export function createChatCompletion({ account, request }: Given): Answer {
  const body = jsonObjectOf(request);
  if (!body) return invalidRequest("We could not parse the JSON body of your request.");
  const model = body["model"];
  if (typeof model !== "string" || model === "") return invalidRequest("you must provide a model parameter");
  if (!Array.isArray(body["messages"])) {
    return invalidRequest(
      "Missing required parameter: 'messages'.",
      "messages",
      "missing_required_parameter",
    );
  }
  if (recordsOf(body["messages"]).length === 0) {
    return invalidRequest("[] is too short - 'messages'", "messages", "empty_array");
  }
  const conversation = chatConversation(body);
  const id = `chatcmpl-${account.nextId("openai.chat").slice(0, 29)}`;
  const promptTokens = tokensOfConversation(conversation);
  const taken = takeFromLimits(account, model, promptTokens);
  if ("refused" in taken) return taken.refused;
  const written = writeAnswer(conversation, account.random("openai.chat", id));
  const completionTokens = writtenTokens(written);
  const head = { id, created: Math.floor(account.providerTimeMs("openai") / 1_000), model };
  const usage = {
    ...{ prompt_tokens: promptTokens, completion_tokens: completionTokens },
    total_tokens: promptTokens + completionTokens,
    prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 },
    completion_tokens_details: {
      ...{
        reasoning_tokens: 0,
        audio_tokens: 0,
        accepted_prediction_tokens: 0,
        rejected_prediction_tokens: 0,
      },
    },
  };
  const calls = toolCalls(account, written);
  const finish = calls.length > 0 ? "tool_calls" : written.cut ? "length" : "stop";
  if (body["stream"] === true) {
    const includesUsage = recordOf(body["stream_options"])?.["include_usage"] === true;
    return {
      status: 200,
      headers: {
        ...taken.headers,
        "content-type": "text/event-stream; charset=utf-8",
        "x-request-id": requestId(id),
      },
      stream: events(head, written, calls, finish, includesUsage ? usage : undefined),
    };
  }
  const message = {
    ...{ role: "assistant", content: calls.length > 0 ? null : written.text, refusal: null, annotations: [] },
    ...(calls.length > 0 ? { tool_calls: calls } : {}),
  };
  const choice = { index: 0, message, logprobs: null, finish_reason: finish };
  return json(
    {
      ...head,
      object: "chat.completion",
      choices: [choice],
      usage,
      service_tier: "default",
      system_fingerprint: fingerprint,
    },
    200,
    { ...taken.headers, "x-request-id": requestId(id) },
  );
}

export const fingerprint = "fp_sandbox";
export const requestId = (id: string): string => `req_${Bun.hash(id).toString(16)}`;

interface ToolCall {
  id: string;
  type: "function";
  function: { name: string; arguments: string };
}

const toolCalls = (account: Account, { toolCalls }: Written): ToolCall[] =>
  toolCalls.map(({ name, arguments: given }) => ({
    id: `call_${account.nextId("openai.tool-call").slice(0, 24)}`,
    type: "function",
    function: { name, arguments: JSON.stringify(given) },
  }));

async function* events(
  head: object,
  { text }: Written,
  calls: ToolCall[],
  finish: string,
  usage: object | undefined,
): AsyncGenerator<string> {
  const chunk = (choices: object[], more: object = {}) =>
    `data: ${JSON.stringify({
      ...{
        ...head,
        object: "chat.completion.chunk",
        service_tier: "default",
        system_fingerprint: fingerprint,
        choices,
      },
      ...(usage === undefined ? {} : { usage: null }),
      ...more,
    })}\n\n`;
  const delta = (value: object) => chunk([{ index: 0, delta: value, logprobs: null, finish_reason: null }]);
  yield delta({ role: "assistant", content: calls.length > 0 ? null : "", refusal: null });
  for (const [index, { id, type, function: called }] of calls.entries()) {
    yield delta({ tool_calls: [{ index, id, type, function: { name: called.name, arguments: "" } }] });
    for (const piece of tokensOf(called.arguments)) {
      yield delta({ tool_calls: [{ index, function: { arguments: piece } }] });
    }
  }
  for (const piece of tokensOf(text)) yield delta({ content: piece });
  yield chunk([{ index: 0, delta: {}, logprobs: null, finish_reason: finish }]);
  if (usage !== undefined) yield chunk([], { usage });
  yield "data: [DONE]\n\n";
}
