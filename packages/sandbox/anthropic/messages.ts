import type { Account } from "../accounts/account.ts";
import { type Answer, json } from "../provider/answer.ts";
import { recordOf, recordsOf, textOf } from "../provider/json-values.ts";
import type { Given } from "../provider/provider.ts";
import { jsonObjectOf } from "../provider/twin-request.ts";
import type { Conversation, Written } from "../writing/conversation-text.ts";
import { tokensOf, tokensOfConversation, writtenTokens } from "../writing/token-count.ts";
import { writeAnswer } from "../writing/write-answer.ts";
import { invalidRequest } from "./anthropic-error.ts";

type Values = Record<string, unknown>;
type Block = { type: "text"; text: string } | { type: "tool_use"; id: string; name: string; input: Values };

/** `POST /v1/messages`: https://docs.anthropic.com/en/api/messages */
export function createMessage({ account, request }: Given): Answer {
  const body = jsonObjectOf(request);
  const fault = body
    ? faultOf(body, request.headers["anthropic-version"])
    : "The request body is not valid JSON";
  if (!body || fault) return invalidRequest(fault!);
  const conversation = conversationOf(body);
  const id = `msg_sandbox${account.nextId("anthropic.message").slice(0, 24)}`;
  const written = writeAnswer(conversation, account.random("anthropic.message", id));
  const content = blocksOf(account, written);
  const message = {
    ...{ id, type: "message", role: "assistant", model: body["model"], content },
    stop_reason: written.toolCalls.length > 0 ? "tool_use" : written.cut ? "max_tokens" : "end_turn",
    stop_sequence: null,
    usage: {
      ...{ input_tokens: tokensOfConversation(conversation), output_tokens: writtenTokens(written) },
      ...{ cache_creation_input_tokens: 0, cache_read_input_tokens: 0, service_tier: "standard" },
    },
  };
  const headers = { "request-id": `req_${id.slice(4)}` };
  if (body["stream"] !== true) return json(message, 200, headers);
  return {
    status: 200,
    headers: { ...headers, "content-type": "text/event-stream; charset=utf-8" },
    stream: events(message, content),
  };
}

/** `POST /v1/messages/count_tokens` */
export function countTokens({ request }: Given): Answer {
  const body = jsonObjectOf(request);
  if (!body || !Array.isArray(body["messages"])) return invalidRequest("messages: Field required");
  return json({ input_tokens: tokensOfConversation(conversationOf(body)) });
}

function faultOf(body: Values, version: string | undefined): string | undefined {
  if (version === undefined) return "anthropic-version: header is required";
  if (typeof body["model"] !== "string") return "model: Field required";
  if (!Number.isInteger(body["max_tokens"])) return "max_tokens: Field required";
  if ((body["max_tokens"] as number) < 1) return "max_tokens: Input should be greater than or equal to 1";
  const messages = recordsOf(body["messages"]);
  if (messages.length === 0) return "messages: at least one message is required";
  const other = messages.findIndex(({ role }) => role !== "user" && role !== "assistant");
  if (other >= 0) return `messages.${other}.role: Input should be 'user' or 'assistant'`;
  return undefined;
}

function conversationOf(body: Values): Conversation {
  const system = textOf(body["system"]);
  const choice = recordOf(body["tool_choice"]);
  const format = recordOf(recordOf(body["output_config"])?.["format"]);
  return {
    turns: [
      ...(system === "" ? [] : [{ role: "system" as const, text: system }]),
      ...recordsOf(body["messages"]).map((message) => {
        const result = recordsOf(message["content"]).find(({ type }) => type === "tool_result");
        if (result) return { role: "tool" as const, text: textOf(result["content"]) };
        return { role: message["role"] as "user" | "assistant", text: textOf(message["content"]) };
      }),
    ],
    tools: recordsOf(body["tools"]).flatMap((tool) =>
      typeof tool["name"] === "string"
        ? [
            {
              name: tool["name"],
              description: String(tool["description"] ?? ""),
              parameters: recordOf(tool["input_schema"]) ?? {},
            },
          ]
        : [],
    ),
    toolChoice:
      choice?.["type"] === "tool"
        ? String(choice["name"])
        : choice?.["type"] === "any"
          ? "required"
          : String(choice?.["type"] ?? "auto"),
    schema: format?.["type"] === "json_schema" ? (recordOf(format["schema"]) ?? true) : undefined,
    longest: body["max_tokens"] as number | undefined,
  };
}

const blocksOf = (account: Account, { text, toolCalls }: Written): Block[] =>
  toolCalls.length === 0
    ? [{ type: "text", text }]
    : toolCalls.map(({ name, arguments: input }) => ({
        ...{
          type: "tool_use" as const,
          id: `toolu_${account.nextId("anthropic.tool").slice(0, 24)}`,
          name,
          input,
        },
      }));

async function* events(
  message: Values & { stop_reason: string; usage: { output_tokens: number } },
  content: Block[],
): AsyncGenerator<string> {
  const event = (type: string, value: object = {}) =>
    `event: ${type}\ndata: ${JSON.stringify({ type, ...value })}\n\n`;
  yield event("message_start", {
    message: { ...message, content: [], stop_reason: null, usage: { ...message.usage, output_tokens: 1 } },
  });
  yield event("ping");
  for (const [index, block] of content.entries()) {
    const isText = block.type === "text";
    yield event("content_block_start", {
      index,
      content_block: isText ? { ...block, text: "" } : { ...block, input: {} },
    });
    for (const piece of tokensOf(isText ? block.text : JSON.stringify(block.input))) {
      const delta = isText
        ? { type: "text_delta", text: piece }
        : { type: "input_json_delta", partial_json: piece };
      yield event("content_block_delta", { index, delta });
    }
    yield event("content_block_stop", { index });
  }
  yield event("message_delta", {
    delta: { stop_reason: message.stop_reason, stop_sequence: null },
    usage: { output_tokens: message.usage.output_tokens },
  });
  yield event("message_stop");
}
