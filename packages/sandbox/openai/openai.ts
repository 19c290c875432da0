import type { Answer } from "../provider/answer.ts";
import type { Failure, Provider } from "../provider/provider.ts";
import { isSameSecret } from "../provider/same-secret.ts";
import { bearerToken } from "../provider/twin-request.ts";
import { createSpeech, createTranscription, largestUploadBytes } from "./audio.ts";
import { createChatCompletion } from "./chat-completions.ts";
import { apiKey, organization, project } from "./credentials.ts";
import { createEmbeddings } from "./embeddings.ts";
import { createImages, getImage } from "./images.ts";
import { createModeration, getModel, listModels } from "./models.ts";
import { openAiError } from "./openai-error.ts";
import { createResponse, deleteResponse, getResponse } from "./responses.ts";

/** Room for what stands around the file in a form. */
const formBytes = 64 * 1024;

/** OpenAI: chat, responses, embeddings, audio, images, moderation. No model runs: answers are taken from the given text, and say so. */
export const openai: Provider = {
  name: "openai",
  title: "OpenAI",
  hosts: ["api.openai.com"],
  bodyLimitBytes: largestUploadBytes + formBytes,
  routes: [
    { method: "POST", path: "/v1/chat/completions", answer: createChatCompletion },
    { method: "POST", path: "/v1/responses", answer: createResponse },
    { method: "GET", path: "/v1/responses/:id", answer: getResponse },
    { method: "DELETE", path: "/v1/responses/:id", answer: deleteResponse },
    { method: "POST", path: "/v1/embeddings", answer: createEmbeddings },
    { method: "POST", path: "/v1/audio/transcriptions", answer: createTranscription },
    { method: "POST", path: "/v1/audio/translations", answer: createTranscription },
    { method: "POST", path: "/v1/audio/speech", answer: createSpeech },
    { method: "POST", path: "/v1/images/generations", answer: createImages },
    { method: "GET", path: "/images/:owner/:id.png", answer: getImage },
    { method: "POST", path: "/v1/moderations", answer: createModeration },
    { method: "GET", path: "/v1/models", answer: listModels },
    { method: "GET", path: "/v1/models/:id", answer: getModel },
  ],
  identifiers: (account) => [apiKey(account), account.secret("openai.files").slice(0, 24)],
  variables: (account, base) => ({
    OPENAI_API_KEY: apiKey(account),
    OPENAI_BASE_URL: `${base}/v1`,
    OPENAI_ORG_ID: organization(account),
    OPENAI_PROJECT_ID: project(account),
  }),
  authenticate(request, accounts) {
    const owner = /^\/images\/([0-9a-f]{24})\//.exec(request.path)?.[1];
    const shown = owner === undefined ? undefined : accounts.find("openai", owner);
    if (shown) return { account: shown, key: "(image)" };
    const token = bearerToken(request) ?? "";
    const account = accounts.find("openai", token);
    if (!account || !isSameSecret(token, apiKey(account))) return undefined;
    return { account, key: `${token.slice(0, 15)}…` };
  },
  failure,
};

function failure(given: Failure): Answer {
  switch (given.kind) {
    case "unauthenticated":
      return openAiError(
        401,
        "invalid_request_error",
        "Incorrect API key provided. The sandbox gives an app its own key in OPENAI_API_KEY.",
        { code: "invalid_api_key" },
      );
    case "rate_limited":
      return openAiError(
        429,
        "requests",
        `Rate limit reached. Please try again in ${given.retryAfterSeconds}s.`,
        { code: "rate_limit_exceeded" },
        { "retry-after": String(given.retryAfterSeconds) },
      );
    case "server_error":
      return openAiError(
        given.status,
        "server_error",
        "The server had an error while processing your request. Sorry about that!",
      );
    case "body_too_large":
      return openAiError(
        413,
        "invalid_request_error",
        `Maximum content size limit (${largestUploadBytes}) exceeded`,
      );
  }
}
