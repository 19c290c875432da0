import { type Answer, json } from "../provider/answer.ts";
import type { Given } from "../provider/provider.ts";
import { jsonObjectOf } from "../provider/twin-request.ts";
import { tokenCount } from "../writing/token-count.ts";
import { contentWords } from "../writing/words.ts";
import { invalidRequest } from "./openai-error.ts";
import { takeFromLimits } from "./rate-limits.ts";

const sizes: Record<string, number> = {
  "text-embedding-3-small": 1_536,
  "text-embedding-3-large": 3_072,
  "text-embedding-ada-002": 1_536,
};
const mostInputs = 2_048;
const mostTokens = 8_192;

/** `POST /v1/embeddings`: https://platform.openai.com/docs/api-reference/embeddings */
export function createEmbeddings({ account, request }: Given): Answer {
  const body = jsonObjectOf(request);
  if (!body) return invalidRequest("We could not parse the JSON body of your request.");
  const model = String(body["model"] ?? "");
  const whole = sizes[model];
  if (whole === undefined) {
    return invalidRequest(
      `The model \`${model}\` does not exist or you do not have access to it.`,
      "model",
      "model_not_found",
    );
  }
  const { input } = body;
  const inputs = Array.isArray(input) && !input.every((one) => typeof one === "number") ? input : [input];
  if (inputs.length === 0 || inputs.length > mostInputs) {
    return invalidRequest(`'$.input' is invalid: 1 to ${mostInputs} inputs are accepted.`, "input");
  }
  const texts = inputs.map((one) => (Array.isArray(one) ? one.join(" ") : one));
  if (!texts.every((text): text is string => typeof text === "string" && text !== "")) {
    return invalidRequest("'$.input' is invalid. Please check the API reference.", "input");
  }
  const tokens = texts.map(tokenCount);
  const longest = Math.max(...tokens);
  if (longest > mostTokens) {
    return invalidRequest(
      `This model's maximum context length is ${mostTokens} tokens, however you requested ${longest} tokens.`,
    );
  }
  const size = Number(body["dimensions"] ?? whole);
  if (!Number.isInteger(size) || size < 1 || size > whole) {
    return invalidRequest(`Invalid value for 'dimensions': 1 to ${whole} are accepted.`, "dimensions");
  }
  const total = tokens.reduce((sum, count) => sum + count, 0);
  const taken = takeFromLimits(account, model, total);
  if ("refused" in taken) return taken.refused;
  const isBase64 = body["encoding_format"] === "base64";
  const data = texts.map((text, index) => {
    const vector = embed(text, size);
    return {
      ...{ object: "embedding", index },
      embedding: isBase64 ? Buffer.from(vector.buffer).toString("base64") : Array.from(vector),
    };
  });
  return json(
    { object: "list", data, model, usage: { prompt_tokens: total, total_tokens: total } },
    200,
    taken.headers,
  );
}

/** Weight of a piece of a word against the whole word: so that `reminder` is near `reminders`, and a typing error not far. */
const pieceWeight = 0.35;

/**
 * Words and pieces of words, hashed to dimensions with a sign, of length 1 together. The same text gives the same vector everywhere, and texts
 * that share words are near: the cosine is about the share of what they have in common.
 */
export function embed(text: string, size: number): Float32Array {
  const vector = new Float32Array(size);
  const add = (feature: string, weight: number): void => {
    const hash = Bun.hash.xxHash32(feature);
    vector[hash % size]! += hash & 0x8000_0000 ? weight : -weight;
  };
  for (const word of contentWords(text)) {
    add(word, 1);
    const framed = `^${word}$`;
    for (let at = 0; at + 3 <= framed.length; at++) add(framed.slice(at, at + 3), pieceWeight);
  }
  // What has no words in it still has a place.
  if (vector.every((value) => value === 0)) add(text, 1);
  const length = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0)) || 1;
  for (let at = 0; at < size; at++) vector[at]! /= length;
  return vector;
}
