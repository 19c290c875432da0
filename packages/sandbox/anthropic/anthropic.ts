import type { Account } from "../accounts/account.ts";
import { type Answer, json } from "../provider/answer.ts";
import type { Failure, Given, Provider } from "../provider/provider.ts";
import { isSameSecret } from "../provider/same-secret.ts";
import { bearerToken } from "../provider/twin-request.ts";
import { anthropicError } from "./anthropic-error.ts";
import { countTokens, createMessage } from "./messages.ts";

const apiKey = (account: Account): string => `sk-ant-sandbox-${account.secret("anthropic.key").slice(0, 48)}`;

const models = [
  "claude-opus-5-5",
  "claude-opus-4-8",
  "claude-sonnet-5-5",
  "claude-sonnet-4-6",
  "claude-haiku-5-5",
  "claude-haiku-4-5",
].map((id) => ({
  ...{ type: "model", id, display_name: id, created_at: "2025-01-01T00:00:00Z" },
}));

/** Anthropic: messages. As with OpenAI's twin, no model runs. */
export const anthropic: Provider = {
  name: "anthropic",
  title: "Anthropic",
  hosts: ["api.anthropic.com"],
  bodyLimitBytes: 32 * 1024 * 1024,
  routes: [
    { method: "POST", path: "/v1/messages", answer: createMessage },
    { method: "POST", path: "/v1/messages/count_tokens", answer: countTokens },
    { method: "GET", path: "/v1/models", answer: listModels },
    { method: "GET", path: "/v1/models/:id", answer: getModel },
  ],
  identifiers: (account) => [apiKey(account)],
  variables: (account, base) => ({ ANTHROPIC_API_KEY: apiKey(account), ANTHROPIC_BASE_URL: base }),
  authenticate(request, accounts) {
    const token = request.headers["x-api-key"] ?? bearerToken(request) ?? "";
    const account = accounts.find("anthropic", token);
    if (!account || !isSameSecret(token, apiKey(account))) return undefined;
    return { account, key: `${token.slice(0, 19)}…` };
  },
  failure,
};

function listModels(): Answer {
  return json({ data: models, has_more: false, first_id: models[0]!.id, last_id: models.at(-1)!.id });
}

function getModel({ params }: Given): Answer {
  const found = models.find(({ id }) => id === params["id"]);
  return found ? json(found) : anthropicError(404, "not_found_error", `model: ${params["id"]}`);
}

function failure(given: Failure): Answer {
  switch (given.kind) {
    case "unauthenticated":
      return anthropicError(401, "authentication_error", "invalid x-api-key");
    case "rate_limited":
      return anthropicError(
        429,
        "rate_limit_error",
        "Number of requests has exceeded your per-minute rate limit.",
        {
          "retry-after": String(given.retryAfterSeconds),
        },
      );
    case "server_error":
      return given.status === 529
        ? anthropicError(529, "overloaded_error", "Overloaded")
        : anthropicError(given.status, "api_error", "Internal server error");
    case "body_too_large":
      return anthropicError(413, "request_too_large", "Request exceeds the maximum allowed number of bytes.");
  }
}
