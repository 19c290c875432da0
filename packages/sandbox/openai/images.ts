import { SeededRandom } from "../accounts/seeded-random.ts";
import { type Answer, json } from "../provider/answer.ts";
import type { Given } from "../provider/provider.ts";
import { jsonObjectOf } from "../provider/twin-request.ts";
import { invalidRequest, openAiError } from "./openai-error.ts";
import { paintedPng } from "./painted-png.ts";
import { takeFromLimits } from "./rate-limits.ts";

const sizes = new Set([
  "256x256",
  "512x512",
  "1024x1024",
  "1024x1536",
  "1536x1024",
  "1024x1792",
  "1792x1024",
]);
const longestPrompt = 32_000;

/** `POST /v1/images/generations`: https://platform.openai.com/docs/api-reference/images */
export function createImages({ account, request }: Given): Answer {
  const body = jsonObjectOf(request);
  if (!body) return invalidRequest("We could not parse the JSON body of your request.");
  const { prompt } = body;
  const model = String(body["model"] ?? "dall-e-2");
  if (typeof prompt !== "string" || prompt === "")
    return invalidRequest("Missing required parameter: 'prompt'.", "prompt");
  if (prompt.length > longestPrompt)
    return invalidRequest(`Prompts have ${longestPrompt} characters at most.`, "prompt");
  const size = body["size"] === undefined || body["size"] === "auto" ? "1024x1024" : String(body["size"]);
  if (!sizes.has(size)) {
    return invalidRequest(
      `Invalid value: '${size}'. Supported values are: ${[...sizes].join(", ")}.`,
      "size",
      "invalid_value",
    );
  }
  const count = Number(body["n"] ?? 1);
  if (!Number.isInteger(count) || count < 1 || count > 10)
    return invalidRequest("'n' must be between 1 and 10", "n");
  const taken = takeFromLimits(account, model, Math.ceil(prompt.length / 4));
  if ("refused" in taken) return taken.refused;
  // The newer models answer with the picture itself.
  const isInline = body["response_format"] === "b64_json" || model.startsWith("gpt-image");
  const data = Array.from({ length: count }, () => {
    const id = `${account.nextId("openai.image").slice(0, 24)}-${size}`;
    const described = model === "dall-e-3" ? { revised_prompt: prompt } : {};
    return isInline
      ? { ...described, b64_json: Buffer.from(paint(id, account.key)).toString("base64") }
      : {
          ...described,
          url: `${request.origin}/images/${account.secret("openai.files").slice(0, 24)}/${id}.png`,
        };
  });
  return json({ created: Math.floor(account.providerTimeMs("openai") / 1_000), data }, 200, taken.headers);
}

/** Pictures are there for whoever knows their address, as OpenAI's are for an hour. */
export function getImage({ account, params }: Given): Answer {
  const { id = "" } = params;
  if (!/^[0-9a-f]{24}-\d+x\d+$/.test(id)) return openAiError(404, "invalid_request_error", "No such image");
  return { status: 200, headers: { "content-type": "image/png" }, bytes: paint(id, account.key) };
}

function paint(id: string, key: string): Uint8Array {
  const [width = 1_024, height = 1_024] = id.split("-")[1]!.split("x").map(Number);
  return paintedPng(Math.min(width, 1_792), Math.min(height, 1_792), new SeededRandom(key, id));
}
