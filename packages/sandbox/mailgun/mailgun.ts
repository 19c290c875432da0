import type { Account } from "../accounts/account.ts";
import { addressesOf, inboxOf, isAddress } from "../mail/mail.ts";
import { type Answer, json } from "../provider/answer.ts";
import type { Failure, Given, Provider } from "../provider/provider.ts";
import { isSameSecret } from "../provider/same-secret.ts";
import { basicCredentials } from "../provider/twin-request.ts";
import { eventsOf, mailgunEndpoints, messageHappens, planMessage, renderEvent } from "./message-life.ts";

const apiKey = (account: Account): string => `${account.secret("mailgun.key").slice(0, 32)}-sandbox`;
const domain = (account: Account): string =>
  `sandbox${account.secret("mailgun.domain").slice(0, 32)}.mailgun.org`;

/** Mailgun: https://documentation.mailgun.com/docs/mailgun/api-reference/send/mailgun/messages */
export const mailgun: Provider = {
  name: "mailgun",
  title: "Mailgun",
  hosts: ["api.mailgun.net", "api.eu.mailgun.net"],
  bodyLimitBytes: 25 * 1024 * 1024,
  routes: [
    { method: "POST", path: "/v3/:domain/messages", answer: send },
    { method: "GET", path: "/v3/:domain/events", answer: listEvents },
  ],
  identifiers: (account) => [apiKey(account)],
  variables: (account, base) => ({
    MAILGUN_API_KEY: apiKey(account),
    MAILGUN_DOMAIN: domain(account),
    MAILGUN_URL: base,
    MAILGUN_WEBHOOK_SIGNING_KEY: mailgunEndpoints.secret(account),
    MAILGUN_FROM: `Sandbox <postmaster@${domain(account)}>`,
  }),
  authenticate(request, accounts) {
    const given = basicCredentials(request);
    if (given?.user !== "api") return undefined;
    const account = accounts.find("mailgun", given.password);
    if (!account || !isSameSecret(given.password, apiKey(account))) return undefined;
    return { account, key: `${given.password.slice(0, 6)}…` };
  },
  failure,
  happen: messageHappens,
  endpoints: mailgunEndpoints,
};

async function send({ account, request, params }: Given): Promise<Answer> {
  if (params["domain"] !== domain(account))
    return json({ message: `Domain not found: ${params["domain"]}` }, 404);
  let form: FormData;
  try {
    const type = request.headers["content-type"] ?? "";
    form = (await new Response(request.body, { headers: { "content-type": type } }).formData()) as FormData;
  } catch {
    return json({ message: "Bad request: the body is no form" }, 400);
  }
  const all = (name: string) =>
    form.getAll(name).filter((value): value is string => typeof value === "string");
  const [from] = all("from");
  const to = addressesOf(all("to"));
  if (from === undefined || !isAddress(from)) return json({ message: "from parameter is missing" }, 400);
  if (to.length === 0) return json({ message: "to parameter is missing" }, 400);
  const others = [...addressesOf(all("cc")), ...addressesOf(all("bcc"))];
  if (![...to, ...others].every(isAddress)) {
    return json({ message: "to parameter is not a valid address. please check documentation" }, 400);
  }
  const [text] = all("text");
  const [html] = all("html");
  const [template] = all("template");
  if (text === undefined && html === undefined && template === undefined) {
    return json(
      { message: "Need at least one of 'text', 'html', 'amp-html' or 'template' parameters specified" },
      400,
    );
  }
  const id = `${account.nextId("mailgun.message").slice(0, 20)}@${domain(account)}`;
  const [deliveryTime] = all("o:deliverytime");
  const mail = inboxOf(account).put(id, {
    ...{ id, provider: "mailgun", from, to, cc: addressesOf(all("cc")), bcc: addressesOf(all("bcc")) },
    ...{
      replyTo: addressesOf(all("h:Reply-To")),
      subject: all("subject")[0] ?? "",
      text,
      html,
      tags: all("o:tag"),
    },
    attachments: form
      .getAll("attachment")
      .flatMap((file) =>
        file instanceof File ? [{ name: file.name, type: file.type, sizeBytes: file.size }] : [],
      ),
    atMs: account.providerTimeMs("mailgun"),
    ...(deliveryTime === undefined ? {} : { scheduledAt: deliveryTime }),
  });
  planMessage(account, mail);
  return json({ id: `<${id}>`, message: "Queued. Thank you." });
}

function listEvents({ account, request, params }: Given): Answer {
  if (params["domain"] !== domain(account))
    return json({ message: `Domain not found: ${params["domain"]}` }, 404);
  const event = request.query.get("event");
  const items = eventsOf(account)
    .newestFirst()
    .filter((each) => event === null || each.event === event)
    .flatMap((each) => {
      const mail = inboxOf(account).get(each.mail);
      return mail ? [renderEvent(each, mail)] : [];
    })
    .slice(0, Math.min(300, Number(request.query.get("limit") ?? 100) || 100));
  return json({ items, paging: {} });
}

function failure(given: Failure): Answer {
  switch (given.kind) {
    case "unauthenticated":
      // Mailgun says so in plain text.
      return { status: 401, headers: { "content-type": "text/html; charset=utf-8" }, text: "Forbidden" };
    case "rate_limited":
      return json({ message: "Too many requests" }, 429, { "retry-after": String(given.retryAfterSeconds) });
    case "server_error":
      return json({ message: "Internal Server Error" }, given.status);
    case "body_too_large":
      return json({ message: `Message size exceeds ${given.limitBytes} bytes` }, 413);
  }
}
