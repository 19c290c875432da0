import { recordOf, recordsOf, textOf } from "../provider/json-values.ts";
import type { Conversation, Tool } from "../writing/conversation-text.ts";

type Values = Record<string, unknown>;

const roles: Record<string, Conversation["turns"][number]["role"]> = {
  system: "system",
  developer: "system",
  user: "user",
  assistant: "assistant",
  tool: "tool",
  function: "tool",
};

/** Of `POST /v1/chat/completions`. */
export function chatConversation(body: Values): Conversation {
  const format = recordOf(body["response_format"]);
  const limit = Number(body["max_completion_tokens"] ?? body["max_tokens"] ?? Number.NaN);
  return {
    turns: recordsOf(body["messages"]).map((message) => ({
      role: roles[String(message["role"])] ?? "user",
      text: textOf(message["content"]),
    })),
    tools: recordsOf(body["tools"]).flatMap((tool) => toolOf(recordOf(tool["function"]))),
    toolChoice: choiceOf(body["tool_choice"]),
    schema:
      format?.["type"] === "json_schema"
        ? (recordOf(recordOf(format["json_schema"])?.["schema"]) ?? true)
        : format?.["type"] === "json_object"
          ? true
          : undefined,
    longest: Number.isNaN(limit) ? undefined : limit,
  };
}

/** Of `POST /v1/responses`. */
export function responseConversation(body: Values): Conversation {
  const { input, instructions } = body;
  const format = recordOf(recordOf(body["text"])?.["format"]);
  const limit = Number(body["max_output_tokens"] ?? Number.NaN);
  const said =
    typeof input === "string"
      ? [{ role: "user" as const, text: input }]
      : recordsOf(input).map((item) =>
          item["type"] === "function_call_output"
            ? { role: "tool" as const, text: textOf(item["output"]) }
            : { role: roles[String(item["role"])] ?? ("assistant" as const), text: textOf(item["content"]) },
        );
  return {
    turns: [
      ...(typeof instructions === "string" ? [{ role: "system" as const, text: instructions }] : []),
      ...said,
    ],
    tools: recordsOf(body["tools"]).flatMap((tool) => (tool["type"] === "function" ? toolOf(tool) : [])),
    toolChoice: choiceOf(body["tool_choice"]),
    schema:
      format?.["type"] === "json_schema"
        ? (recordOf(format["schema"]) ?? true)
        : format?.["type"] === "json_object"
          ? true
          : undefined,
    longest: Number.isNaN(limit) ? undefined : limit,
  };
}

function toolOf(tool: Values | undefined): Tool[] {
  if (typeof tool?.["name"] !== "string") return [];
  return [
    {
      name: tool["name"],
      description: String(tool["description"] ?? ""),
      parameters: recordOf(tool["parameters"]) ?? {},
    },
  ];
}

const choiceOf = (choice: unknown): string =>
  typeof choice === "string"
    ? choice
    : String(recordOf(recordOf(choice)?.["function"])?.["name"] ?? recordOf(choice)?.["name"] ?? "auto");
