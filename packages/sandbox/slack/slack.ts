import type { Account } from "../accounts/account.ts";
import type { Answer } from "../provider/answer.ts";
import type { Failure, Given, Provider } from "../provider/provider.ts";
import { isSameSecret } from "../provider/same-secret.ts";
import { formOf, jsonObjectOf } from "../provider/twin-request.ts";

export interface SlackMessage {
  id: string;
  text: string;
  blocks: unknown[];
  attachments: unknown[];
  atMs: number;
}

const mostBlocks = 50;
const longestText = 40_000;

export const slackMessages = (account: Account) => account.collection<SlackMessage>("slack.messages", 2_000);

const place = (account: Account): string =>
  [
    `T${account.secret("slack.team").slice(0, 10).toUpperCase()}`,
    `B${account.secret("slack.hook").slice(0, 10).toUpperCase()}`,
    account.secret("slack.token").slice(0, 24),
  ].join("/");

/** Incoming webhooks: https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks */
export const slack: Provider = {
  name: "slack",
  title: "Slack",
  hosts: ["hooks.slack.com"],
  bodyLimitBytes: 1024 * 1024,
  routes: [{ method: "POST", path: "/services/:team/:hook/:token", answer: post }],
  identifiers: (account) => [place(account)],
  variables: (account, base) => ({ SLACK_WEBHOOK_URL: `${base}/services/${place(account)}` }),
  authenticate(request, accounts) {
    const given = /^\/services\/(.+)$/.exec(request.path)?.[1] ?? "";
    const account = accounts.find("slack", given);
    if (!account || !isSameSecret(given, place(account))) return undefined;
    return { account, key: given.split("/")[1]! };
  },
  failure,
};

function post({ account, request }: Given): Answer {
  const form = formOf(request).get("payload");
  const body = form === null ? jsonObjectOf(request) : jsonObjectOf({ ...request, body: Buffer.from(form) });
  if (!body || request.body.length === 0) return plain(400, "invalid_payload");
  const blocks = Array.isArray(body["blocks"]) ? body["blocks"] : [];
  const attachments = Array.isArray(body["attachments"]) ? body["attachments"] : [];
  const text = typeof body["text"] === "string" ? body["text"] : "";
  if (text === "" && blocks.length === 0 && attachments.length === 0) return plain(400, "no_text");
  if (blocks.length > mostBlocks) return plain(400, "invalid_blocks");
  if (text.length > longestText) return plain(400, "msg_too_long");
  const id = account.nextId("slack.message").slice(0, 16);
  slackMessages(account).put(id, { id, text, blocks, attachments, atMs: account.providerTimeMs("slack") });
  return plain(200, "ok");
}

const plain = (status: number, text: string, headers: Record<string, string> = {}): Answer => ({
  status,
  headers: { ...headers, "content-type": "text/plain; charset=utf-8" },
  text,
});

function failure(given: Failure): Answer {
  switch (given.kind) {
    case "unauthenticated":
      return plain(404, "no_service");
    case "rate_limited":
      return plain(429, "rate_limited", { "retry-after": String(given.retryAfterSeconds) });
    case "server_error":
      return plain(given.status, "rollup_error");
    case "body_too_large":
      return plain(413, "payload_too_large");
  }
}
