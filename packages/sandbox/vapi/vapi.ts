import type { CallTurn } from "../phones/call-turns.ts";
import type { Answer } from "../provider/answer.ts";
import type { Failure, Provider } from "../provider/provider.ts";
import { isSameSecret } from "../provider/same-secret.ts";
import { bearerToken } from "../provider/twin-request.ts";
import { callsOf, isOver } from "./calls/call.ts";
import { callHappens, end } from "./calls/call-life.ts";
import { callRoutes } from "./calls/call-routes.ts";
import { givenPhoneNumberId, orgId, privateKey, webhookSecret } from "./credentials.ts";
import { signMessage } from "./messages/sign-message.ts";
import { assistants, credentials, phoneNumbers, tools } from "./resources/kinds.ts";
import { resourceRoutes } from "./resources/resource.ts";
import { vapiError } from "./vapi-error.ts";
import { vapiPhones } from "./vapi-phones.ts";

const storageHost = "storage.vapi.ai";

/** Vapi: assistants, phone numbers, tools, credentials, calls. */
export const vapi: Provider = {
  name: "vapi",
  title: "Vapi",
  hosts: ["api.vapi.ai", storageHost],
  bodyLimitBytes: 1024 * 1024,
  routes: [...[assistants, phoneNumbers, tools, credentials].flatMap(resourceRoutes), ...callRoutes],
  phones: vapiPhones,
  identifiers: (account) => [privateKey(account), orgId(account)],
  variables: (account, base) => ({
    VAPI_API_KEY: privateKey(account),
    VAPI_PRIVATE_KEY: privateKey(account),
    VAPI_TOKEN: privateKey(account),
    VAPI_ORG_ID: orgId(account),
    VAPI_PHONE_NUMBER_ID: givenPhoneNumberId(account),
    VAPI_WEBHOOK_SECRET: webhookSecret(account),
    VAPI_BASE_URL: base,
  }),
  authenticate(request, accounts) {
    // Recordings are there for whoever knows their address.
    const org = /^\/([0-9a-f-]{36})\/[^/]+\.wav$/.exec(request.path)?.[1];
    const owner = org === undefined ? undefined : accounts.find("vapi", org);
    if (owner) return { account: owner, key: "(recording)" };
    const token = bearerToken(request) ?? "";
    const account = accounts.find("vapi", token);
    if (!account || !isSameSecret(token, privateKey(account))) return undefined;
    return { account, key: `${token.slice(0, 8)}…` };
  },
  failure,
  happen(account, type, data, answer) {
    if (type !== "limit") return callHappens(account, type, data as CallTurn, answer);
    const call = callsOf(account).get((data as { id: string }).id);
    if (call && !isOver(call)) end(account, call, "exceeded-max-duration");
  },
  signWebhook: signMessage,
};

function failure(given: Failure): Answer {
  switch (given.kind) {
    case "unauthenticated":
      return vapiError(
        401,
        "Invalid Key. Hot tip, you may be using the private key instead of the public key, or vice versa.",
      );
    case "rate_limited":
      return vapiError(429, "Too Many Requests", { "retry-after": String(given.retryAfterSeconds) });
    case "server_error":
      return vapiError(given.status, "Internal server error");
    case "body_too_large":
      return vapiError(413, `request entity too large: more than ${given.limitBytes} bytes`);
  }
}
