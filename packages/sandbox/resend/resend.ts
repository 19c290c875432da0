import type { Account } from "../accounts/account.ts";
import { addressesOf, inboxOf, isAddress, type Mail } from "../mail/mail.ts";
import { type Answer, json } from "../provider/answer.ts";
import type { Failure, Given, Provider } from "../provider/provider.ts";
import { isSameSecret } from "../provider/same-secret.ts";
import { bearerToken, jsonObjectOf } from "../provider/twin-request.ts";
import { emailHappens, lastEvents, planEmail, resendEndpoints, signEmailWebhook } from "./email-life.ts";

const apiKey = (account: Account): string => `re_sandbox_${account.secret("resend.key").slice(0, 28)}`;
const mostRecipients = 50;
const mostInBatch = 100;

/** Resend: https://resend.com/docs/api-reference */
export const resend: Provider = {
  name: "resend",
  title: "Resend",
  hosts: ["api.resend.com"],
  bodyLimitBytes: 40 * 1024 * 1024,
  routes: [
    { method: "POST", path: "/emails", answer: (given) => once(given, () => sendOne(given)) },
    { method: "POST", path: "/emails/batch", answer: (given) => once(given, () => sendBatch(given)) },
    { method: "GET", path: "/emails/:id", answer: getEmail },
  ],
  identifiers: (account) => [apiKey(account)],
  variables: (account, base) => ({
    RESEND_API_KEY: apiKey(account),
    RESEND_BASE_URL: base,
    RESEND_WEBHOOK_SECRET: resendEndpoints.secret(account),
  }),
  authenticate(request, accounts) {
    const token = bearerToken(request) ?? "";
    const account = accounts.find("resend", token);
    if (!account || !isSameSecret(token, apiKey(account))) return undefined;
    return { account, key: `${token.slice(0, 15)}…` };
  },
  failure,
  happen: emailHappens,
  signWebhook: signEmailWebhook,
  endpoints: resendEndpoints,
};

interface Kept {
  body: string;
  answer: Answer;
}

/** `Idempotency-Key`: the same request again gets the same answer, and another one with the key is refused. */
function once({ account, request }: Given, send: () => Answer): Answer {
  const key = request.headers["idempotency-key"];
  if (key === undefined) return send();
  const answers = account.collection<Kept>("resend.idempotency", 2_000);
  const body = Bun.hash(request.body).toString(16);
  const before = answers.get(key);
  if (before) {
    return before.body === body
      ? before.answer
      : error(
          409,
          "invalid_idempotent_request",
          "Same idempotency key used with a different request payload",
        );
  }
  const answer = send();
  if (answer.status === 200) answers.put(key, { body, answer });
  return answer;
}

function sendOne({ account, request }: Given): Answer {
  const body = jsonObjectOf(request);
  const fault = body ? faultOf(body) : "The request body is not valid JSON";
  if (!body || fault) return invalid(fault!);
  return json({ id: keep(account, body).id });
}

/** All or none. */
function sendBatch({ account, request }: Given): Answer {
  let bodies: unknown;
  try {
    bodies = JSON.parse(request.body.toString("utf8"));
  } catch {
    return invalid("The request body is not valid JSON");
  }
  if (!Array.isArray(bodies) || bodies.length === 0 || bodies.length > mostInBatch) {
    return invalid(`A batch has 1 to ${mostInBatch} emails`);
  }
  for (const [index, body] of bodies.entries()) {
    const fault = typeof body === "object" && body !== null ? faultOf(body as Values) : "It is not an object";
    if (fault) return invalid(`[${index}] ${fault}`);
  }
  return json({ data: bodies.map((body) => ({ id: keep(account, body as Values).id })) });
}

type Values = Record<string, unknown>;

function faultOf(body: Values): string | undefined {
  if (typeof body["from"] !== "string" || !isAddress(body["from"])) {
    return "Invalid `from` field. The email address needs to follow the `email@example.com` or `Name <email@example.com>` format.";
  }
  const to = addressesOf(body["to"]);
  if (to.length === 0) return "Missing `to` field.";
  if (to.length > mostRecipients) return `The \`to\` field has ${mostRecipients} addresses at most.`;
  const wrong = ["to", "cc", "bcc", "reply_to"].find((name) => !addressesOf(body[name]).every(isAddress));
  if (wrong)
    return `Invalid \`${wrong}\` field. The email address needs to follow the \`email@example.com\` or \`Name <email@example.com>\` format.`;
  if (typeof body["subject"] !== "string") return "Missing `subject` field.";
  if (typeof body["html"] !== "string" && typeof body["text"] !== "string")
    return "Missing `html` or `text` field.";
  return undefined;
}

function keep(account: Account, body: Values): Mail {
  const hex = account.nextId("resend.email");
  const id = `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
  const attachments = Array.isArray(body["attachments"]) ? (body["attachments"] as Values[]) : [];
  const tags = Array.isArray(body["tags"]) ? (body["tags"] as Values[]) : [];
  const mail = inboxOf(account).put(id, {
    ...{ id, provider: "resend", from: String(body["from"]), to: addressesOf(body["to"]) },
    ...{ cc: addressesOf(body["cc"]), bcc: addressesOf(body["bcc"]), replyTo: addressesOf(body["reply_to"]) },
    subject: String(body["subject"]),
    text: body["text"] as string | undefined,
    html: body["html"] as string | undefined,
    attachments: attachments.map((attachment) => ({
      name: String(attachment["filename"] ?? "attachment"),
      type: String(attachment["content_type"] ?? "application/octet-stream"),
      sizeBytes: Buffer.from(String(attachment["content"] ?? ""), "base64").length,
    })),
    tags: tags.map((tag) => `${tag["name"]}=${tag["value"]}`),
    atMs: account.providerTimeMs("resend"),
    ...(typeof body["scheduled_at"] === "string" ? { scheduledAt: body["scheduled_at"] } : {}),
  });
  planEmail(account, mail);
  return mail;
}

function getEmail({ account, params }: Given): Answer {
  const mail = inboxOf(account).get(params["id"]!);
  if (mail?.provider !== "resend") return error(404, "not_found", "Email not found");
  const { id, from, to, cc, bcc, replyTo, subject, html, text, atMs } = mail;
  return json({
    ...{ object: "email", id, to, from, created_at: new Date(atMs).toISOString(), subject },
    ...{
      html: html ?? null,
      text: text ?? null,
      bcc,
      cc,
      reply_to: replyTo,
      last_event:
        lastEvents(account).get(id)?.event ?? (mail.scheduledAt === undefined ? "queued" : "scheduled"),
      scheduled_at: mail.scheduledAt ?? null,
    },
  });
}

const error = (
  statusCode: number,
  name: string,
  message: string,
  headers: Record<string, string> = {},
): Answer => json({ statusCode, name, message }, statusCode, headers);
const invalid = (message: string): Answer => error(422, "validation_error", message);

function failure(given: Failure): Answer {
  switch (given.kind) {
    case "unauthenticated":
      return error(401, "invalid_api_key", "API key is invalid");
    case "rate_limited":
      return error(
        429,
        "rate_limit_exceeded",
        "Too many requests. Please limit the number of requests per second.",
        {
          "retry-after": String(given.retryAfterSeconds),
        },
      );
    case "server_error":
      return error(given.status, "application_error", "An unexpected error occurred");
    case "body_too_large":
      return error(413, "payload_too_large", `The request is larger than ${given.limitBytes} bytes`);
  }
}
