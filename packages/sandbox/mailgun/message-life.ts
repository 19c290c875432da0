import { createHmac } from "node:crypto";
import type { Account } from "../accounts/account.ts";
import { inboxOf, type Mail } from "../mail/mail.ts";
import { RegisteredEndpoints } from "../webhooks/registered-endpoints.ts";
import type { WebhookResult } from "../webhooks/webhook.ts";

/*
 * accepted → delivered, once for each recipient. An address that begins with `bounce` fails for good, as no mailbox has it.
 */

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

/** Proves webhooks: https://documentation.mailgun.com/docs/mailgun/user-manual/webhooks/securing-webhooks */
const signingKey = (account: Account): string => account.secret("mailgun.webhooks").slice(0, 32);

export const mailgunEndpoints = new RegisteredEndpoints({
  provider: "mailgun",
  secret: signingKey,
  // https://documentation.mailgun.com/docs/mailgun/user-manual/webhooks/webhooks#webhook-retries
  retryDelaysMs: [5 * minuteMs, 10 * minuteMs, 15 * minuteMs, 30 * minuteMs, hourMs, 2 * hourMs, 4 * hourMs],
  timeoutMs: 15_000,
  stopsAt: 406,
});

export interface MailgunEvent {
  id: string;
  event: "accepted" | "delivered" | "failed";
  mail: string;
  recipient: string;
  atMs: number;
}

export const eventsOf = (account: Account) => account.collection<MailgunEvent>("mailgun.events", 10_000);

/** What comes of a message that was taken. One that was asked for later goes then. */
export function planMessage(account: Account, mail: Mail): void {
  const waitMs = Math.max(0, Date.parse(mail.scheduledAt ?? "") - account.nowMs() || 0);
  for (const recipient of [...mail.to, ...mail.cc, ...mail.bcc].map(bareAddress)) {
    const data = { mail: mail.id, recipient };
    account.schedule("mailgun", "accepted", 100, data);
    const bounces = recipient.startsWith("bounce");
    const arrivesMs = waitMs + account.random("mailgun.delivery", mail.id, recipient).between(600, 3_000);
    account.schedule("mailgun", bounces ? "failed" : "delivered", arrivesMs, data);
  }
}

const bareAddress = (text: string): string => (/<\s*([^<>\s]+)\s*>/.exec(text)?.[1] ?? text).toLowerCase();

export function messageHappens(account: Account, type: string, data: unknown, answer?: WebhookResult): void {
  if (mailgunEndpoints.happen(account, type, data, answer)) return;
  const { mail: id, recipient } = data as { mail: string; recipient: string };
  const mail = inboxOf(account).get(id);
  if (!mail) return;
  const eventId = account.nextId("mailgun.event").slice(0, 22);
  const event = eventsOf(account).put(eventId, {
    ...{ id: eventId, mail: id, recipient, event: type as MailgunEvent["event"] },
    atMs: account.providerTimeMs("mailgun"),
  });
  const body = { signature: signatureOf(account), "event-data": renderEvent(event, mail) };
  // A person registers for what Mailgun's site calls them.
  const names = { accepted: "accepted", delivered: "delivered", failed: "permanent_fail" };
  mailgunEndpoints.tell(account, { type: names[event.event], subject: id, body: JSON.stringify(body) });
}

/** https://documentation.mailgun.com/docs/mailgun/user-manual/events/event-structure */
export function renderEvent({ id, event, recipient, atMs }: MailgunEvent, mail: Mail): object {
  return {
    ...{ event, id, timestamp: atMs / 1_000, recipient, "recipient-domain": recipient.split("@").at(-1) },
    ...{
      "log-level": event === "failed" ? "error" : "info",
      tags: mail.tags,
      "user-variables": {},
      campaigns: [],
    },
    flags: { "is-authenticated": true, "is-routed": false, "is-system-test": false, "is-test-mode": false },
    message: {
      attachments: mail.attachments.map(({ name, type, sizeBytes }) => ({
        filename: name,
        "content-type": type,
        size: sizeBytes,
      })),
      headers: { from: mail.from, "message-id": mail.id, subject: mail.subject, to: mail.to.join(", ") },
      size: Buffer.byteLength(`${mail.text ?? ""}${mail.html ?? ""}`),
    },
    ...(event === "failed" && {
      ...{ severity: "permanent", reason: "bounce" },
      "delivery-status": {
        "attempt-no": 1,
        code: 550,
        message: "5.1.1 The email account does not exist",
        "bounce-type": "hard",
      },
    }),
    ...(event === "delivered" && {
      "delivery-status": { "attempt-no": 1, code: 250, message: "OK", description: "" },
    }),
  };
}

/** In the body: HMAC-SHA256 of timestamp and token. */
function signatureOf(account: Account): object {
  const timestamp = String(Math.floor(account.providerRealTimeMs("mailgun") / 1_000));
  const token = account.nextId("mailgun.token").slice(0, 50);
  const signature = createHmac("sha256", signingKey(account)).update(`${timestamp}${token}`).digest("hex");
  return { timestamp, token, signature };
}
