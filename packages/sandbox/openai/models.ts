import { type Answer, json } from "../provider/answer.ts";
import type { Given } from "../provider/provider.ts";
import { jsonObjectOf } from "../provider/twin-request.ts";
import { invalidRequest, openAiError } from "./openai-error.ts";

const ids = [
  ...[
    "gpt-5",
    "gpt-5-mini",
    "gpt-4.1",
    "gpt-4.1-mini",
    "gpt-4o",
    "gpt-4o-mini",
    "gpt-4",
    "gpt-3.5-turbo",
    "o3-mini",
  ],
  ...["text-embedding-3-small", "text-embedding-3-large", "text-embedding-ada-002"],
  ...["whisper-1", "gpt-4o-transcribe", "gpt-4o-mini-transcribe", "tts-1", "tts-1-hd", "gpt-4o-mini-tts"],
  ...["dall-e-2", "dall-e-3", "gpt-image-1", "omni-moderation-latest"],
];

const render = (id: string) => ({ id, object: "model", created: 1_700_000_000, owned_by: "system" });

export const listModels = (): Answer => json({ object: "list", data: ids.map(render) });

export function getModel({ params }: Given): Answer {
  const id = params["id"]!;
  if (ids.includes(id)) return json(render(id));
  return openAiError(404, "invalid_request_error", `The model '${id}' does not exist`, {
    param: "model",
    code: "model_not_found",
  });
}

/** Words that the sandbox takes for each category, so that a test can be flagged on purpose. */
const flagged: Record<string, RegExp> = {
  harassment: /\bidiots?\b/i,
  hate: /\bhate you\b/i,
  "self-harm": /\b(?:hurt|kill) myself\b/i,
  violence: /\b(?:kill|attack) (?:you|him|her|them)\b/i,
  sexual: /\bporn\b/i,
};

/** `POST /v1/moderations` */
export function createModeration({ account, request }: Given): Answer {
  const body = jsonObjectOf(request);
  const input = body?.["input"];
  if (input === undefined) return invalidRequest("Missing required parameter: 'input'.", "input");
  const texts = (Array.isArray(input) ? input : [input]).map((one) =>
    typeof one === "string" ? one : String((one as { text?: unknown })?.text ?? ""),
  );
  const results = texts.map((text) => {
    const categories = Object.fromEntries(
      Object.entries(flagged).map(([name, words]) => [name, words.test(text)]),
    );
    return {
      flagged: Object.values(categories).some(Boolean),
      categories,
      category_scores: Object.fromEntries(
        Object.entries(categories).map(([name, is]) => [name, is ? 0.97 : 0.001]),
      ),
    };
  });
  const id = `modr-${account.nextId("openai.moderation").slice(0, 24)}`;
  return json({ id, model: "omni-moderation-latest", results });
}
