import type { Account } from "../accounts/account.ts";
import { type Answer, json } from "../provider/answer.ts";
import type { Given } from "../provider/provider.ts";
import { jsonObjectOf } from "../provider/twin-request.ts";
import type { Written } from "../writing/conversation-text.ts";
import { tokensOf, tokensOfConversation, writtenTokens } from "../writing/token-count.ts";
import { writeAnswer } from "../writing/write-answer.ts";
import { requestId } from "./chat-completions.ts";
import { responseConversation } from "./openai-conversation.ts";
import { invalidRequest, openAiError } from "./openai-error.ts";
import { takeFromLimits } from "./rate-limits.ts";

type Stored = Record<string, unknown> & { id: string };
type Item = Record<string, unknown> & { id: string; type: string };

const responses = (account: Account) => account.collection<Stored>("openai.responses", 1_000);

/** `POST /v1/responses`: https://platform.openai.com/docs/api-reference/responses */
export function createResponse({ account, request }: Given): Answer {
  const body = jsonObjectOf(request);
  if (!body) return invalidRequest("We could not parse the JSON body of your request.");
  const { model } = body;
  if (typeof model !== "string" || model === "")
    return invalidRequest("Missing required parameter: 'model'.", "model");
  if (typeof body["input"] !== "string" && !Array.isArray(body["input"])) {
    return invalidRequest("Missing required parameter: 'input'.", "input", "missing_required_parameter");
  }
  const conversation = responseConversation(body);
  const inputTokens = tokensOfConversation(conversation);
  const taken = takeFromLimits(account, model, inputTokens);
  if ("refused" in taken) return taken.refused;
  const id = `resp_${account.nextId("openai.response").slice(0, 48)}`;
  const written = writeAnswer(conversation, account.random("openai.response", id));
  const output = outputOf(account, written);
  const outputTokens = writtenTokens(written);
  const draft = {
    ...{ id, object: "response", created_at: Math.floor(account.providerTimeMs("openai") / 1_000), model },
    ...{
      error: null,
      incomplete_details: null,
      instructions: body["instructions"] ?? null,
      metadata: body["metadata"] ?? {},
    },
    ...{ parallel_tool_calls: true, temperature: body["temperature"] ?? 1, top_p: body["top_p"] ?? 1 },
    ...{ tool_choice: body["tool_choice"] ?? "auto", tools: body["tools"] ?? [], truncation: "disabled" },
    ...{
      text: body["text"] ?? { format: { type: "text" } },
      previous_response_id: body["previous_response_id"] ?? null,
    },
    ...{ reasoning: { effort: null, summary: null }, store: body["store"] ?? true, user: null },
    max_output_tokens: body["max_output_tokens"] ?? null,
  };
  const whole = {
    ...draft,
    status: written.cut ? "incomplete" : "completed",
    ...(written.cut ? { incomplete_details: { reason: "max_output_tokens" } } : {}),
    output,
    usage: {
      ...{ input_tokens: inputTokens, output_tokens: outputTokens, total_tokens: inputTokens + outputTokens },
      ...{ input_tokens_details: { cached_tokens: 0 }, output_tokens_details: { reasoning_tokens: 0 } },
    },
  };
  if (body["store"] !== false) responses(account).put(id, whole);
  const headers = { ...taken.headers, "x-request-id": requestId(id) };
  if (body["stream"] !== true) return json(whole, 200, headers);
  return {
    status: 200,
    headers: { ...headers, "content-type": "text/event-stream; charset=utf-8" },
    stream: events({ ...draft, status: "in_progress", output: [], usage: null }, whole, output),
  };
}

export function getResponse({ account, params }: Given): Answer {
  const found = responses(account).get(params["id"]!);
  return found ? json(found) : notFound(params["id"]!);
}

export function deleteResponse({ account, params }: Given): Answer {
  const id = params["id"]!;
  return responses(account).delete(id) ? json({ id, object: "response", deleted: true }) : notFound(id);
}

const notFound = (id: string): Answer =>
  openAiError(404, "invalid_request_error", `Response with id '${id}' not found.`);

function outputOf(account: Account, { text, toolCalls, cut }: Written): Item[] {
  if (toolCalls.length === 0) {
    const content = [{ type: "output_text", text, annotations: [], logprobs: [] }];
    const id = `msg_${account.nextId("openai.message").slice(0, 48)}`;
    return [{ id, type: "message", status: cut ? "incomplete" : "completed", role: "assistant", content }];
  }
  return toolCalls.map(({ name, arguments: given }) => ({
    id: `fc_${account.nextId("openai.function-call").slice(0, 48)}`,
    ...{ type: "function_call", status: "completed", name, arguments: JSON.stringify(given) },
    call_id: `call_${account.nextId("openai.tool-call").slice(0, 24)}`,
  }));
}

async function* events(begun: object, whole: object, output: Item[]): AsyncGenerator<string> {
  let sequence = 0;
  const event = (type: string, value: object) =>
    `event: ${type}\ndata: ${JSON.stringify({ type, sequence_number: sequence++, ...value })}\n\n`;
  yield event("response.created", { response: begun });
  yield event("response.in_progress", { response: begun });
  for (const [output_index, item] of output.entries()) {
    const place = { output_index, item_id: item.id };
    if (item.type === "function_call") {
      yield event("response.output_item.added", {
        output_index,
        item: { ...item, status: "in_progress", arguments: "" },
      });
      const given = String(item["arguments"]);
      for (const delta of tokensOf(given))
        yield event("response.function_call_arguments.delta", { ...place, delta });
      yield event("response.function_call_arguments.done", {
        ...place,
        name: item["name"],
        arguments: given,
      });
    } else {
      const [part] = item["content"] as [{ text: string }];
      const at = { ...place, content_index: 0 };
      yield event("response.output_item.added", {
        output_index,
        item: { ...item, status: "in_progress", content: [] },
      });
      yield event("response.content_part.added", { ...at, part: { ...part, text: "" } });
      for (const delta of tokensOf(part.text))
        yield event("response.output_text.delta", { ...at, delta, logprobs: [] });
      yield event("response.output_text.done", { ...at, text: part.text, logprobs: [] });
      yield event("response.content_part.done", { ...at, part });
    }
    yield event("response.output_item.done", { output_index, item });
  }
  yield event(
    "status" in whole && whole.status === "incomplete" ? "response.incomplete" : "response.completed",
    {
      response: whole,
    },
  );
}
