import { createHmac } from "node:crypto";
import type { Account } from "../accounts/account.ts";
import { inboxOf, type Mail } from "../mail/mail.ts";
import { RegisteredEndpoints } from "../webhooks/registered-endpoints.ts";
import type { Webhook, WebhookResult } from "../webhooks/webhook.ts";

/*
 * sent → delivered (→ complained), or bounced. Who gets it decides: https://resend.com/docs/dashboard/emails/send-test-emails
 */

type EmailEvent = "sent" | "delivered" | "bounced" | "complained";

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const sentAfterMs = 200;
const secretOf = (account: Account): string =>
  `whsec_${Buffer.from(account.secret("resend.webhooks").slice(0, 48), "hex").toString("base64")}`;

export const resendEndpoints = new RegisteredEndpoints({
  provider: "resend",
  secret: secretOf,
  // https://resend.com/docs/dashboard/webhooks/introduction#retries, which is Svix's schedule.
  retryDelaysMs: [5_000, 5 * minuteMs, 30 * minuteMs, 2 * hourMs, 5 * hourMs, 10 * hourMs],
  timeoutMs: 15_000,
});

export const lastEvents = (account: Account) =>
  account.collection<{ event: EmailEvent }>("resend.events", 2_000);

/** What comes of an email that was taken. One that was asked for later goes then. */
export function planEmail(account: Account, { id, to, scheduledAt }: Mail): void {
  const waitMs = Math.max(0, Date.parse(scheduledAt ?? "") - account.nowMs() || 0);
  const arrivesMs = waitMs + sentAfterMs + account.random("resend.delivery", id).between(500, 3_000);
  const goes = (address: string) => to.some((each) => each.toLowerCase().includes(address));
  plan(account, id, "sent", waitMs + sentAfterMs);
  if (goes("bounced@resend.dev")) return void plan(account, id, "bounced", arrivesMs);
  plan(account, id, "delivered", arrivesMs);
  if (goes("complained@resend.dev")) plan(account, id, "complained", arrivesMs + 5_000);
}

function plan(account: Account, id: string, event: EmailEvent, delayMs: number): void {
  account.schedule("resend", `email.${event}`, delayMs, { id });
}

export function emailHappens(account: Account, type: string, data: unknown, answer?: WebhookResult): void {
  if (resendEndpoints.happen(account, type, data, answer)) return;
  const mail = inboxOf(account).get((data as { id: string }).id);
  if (!mail) return;
  lastEvents(account).put(mail.id, { event: type.slice("email.".length) as EmailEvent });
  resendEndpoints.tell(account, {
    ...{ type, subject: mail.id, body: JSON.stringify(messageOf(account, type, mail)) },
    signing: { message: `msg_${account.nextId("resend.message").slice(0, 27)}` },
  });
}

/** https://resend.com/docs/dashboard/webhooks/event-types */
function messageOf(account: Account, type: string, { id, from, to, subject, tags, atMs }: Mail): object {
  const created = new Date(account.providerTimeMs("resend")).toISOString();
  return {
    ...{ type, created_at: created },
    data: {
      ...{ email_id: id, created_at: new Date(atMs).toISOString(), from, to, subject },
      ...(tags.length > 0 && { tags: Object.fromEntries(tags.map((tag) => tag.split("=", 2))) }),
      ...(type === "email.bounced" && {
        bounce: {
          type: "Permanent",
          subType: "General",
          message: "The recipient's mail server rejected the email.",
        },
      }),
    },
  };
}

/** Svix's scheme, which `resend.webhooks.verify` checks: https://docs.svix.com/receiving/verifying-payloads/how-manual */
export function signEmailWebhook(account: Account, { signing, body }: Webhook): Record<string, string> {
  const { message } = signing as { message: string };
  const timestamp = String(Math.floor(account.providerRealTimeMs("resend") / 1_000));
  const key = Buffer.from(secretOf(account).slice("whsec_".length), "base64");
  const signature = createHmac("sha256", key).update(`${message}.${timestamp}.${body}`).digest("base64");
  return { "svix-id": message, "svix-timestamp": timestamp, "svix-signature": `v1,${signature}` };
}
