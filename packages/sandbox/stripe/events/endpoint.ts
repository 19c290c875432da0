import { createHmac } from "node:crypto";
import type Stripe from "stripe";
import type { Account } from "../../accounts/account.ts";
import { isDone, type Webhook, type WebhookResult } from "../../webhooks/webhook.ts";
import { apiVersion, givenWebhookSecret } from "../credentials.ts";
import type { Kind, Recorded } from "../objects/kind.ts";
import { Transaction } from "../objects/transaction.ts";
import type { Wire } from "../objects/wire.ts";
import type { Metadata } from "../parameters/parameters.ts";
import { type EventRecord, eventsKind } from "./event.ts";

export interface EndpointRecord extends Recorded {
  url: string;
  /** `*` for all. */
  events: string[];
  description: string | null;
  metadata: Metadata;
  enabled: boolean;
  /** Registered by a person, as at the dashboard: its secret is `STRIPE_WEBHOOK_SECRET`. */
  given: boolean;
}

export const endpoints: Kind<EndpointRecord> = {
  object: "webhook_endpoint",
  title: "webhook endpoint",
  prefix: "we",
  idLength: 24,
  path: "/v1/webhook_endpoints",
  render: ({ id, created, url, events, description, metadata, enabled }) =>
    ({
      ...{ id, object: "webhook_endpoint", api_version: apiVersion, application: null, created },
      ...{ description, enabled_events: events, livemode: false, metadata, url },
      status: enabled ? "enabled" : "disabled",
    }) satisfies Wire<Stripe.WebhookEndpoint>,
};

/** Of a webhook endpoint; told once, when it is made. */
export const endpointSecret = (account: Account, { id, given }: EndpointRecord): string =>
  given ? givenWebhookSecret(account) : `whsec_${account.secret(`stripe.endpoint ${id}`).slice(0, 32)}`;

/** In a sandbox Stripe tries three times over the course of a few hours: https://docs.stripe.com/webhooks#retries */
const retryDelaysMs = [10 * 60_000, 2 * 3_600_000];
const answerLimitMs = 10_000;

interface Sending {
  event: string;
  endpoint: string;
  attempt: number;
}

/** Sends an event to all endpoints that want it. @returns the webhooks' ids */
export function deliverEvent(account: Account, event: EventRecord): string[] {
  const tx = new Transaction(account);
  const wanting = tx
    .all(endpoints)
    .filter(({ enabled, events }) => enabled && (events.includes("*") || events.includes(event.type)));
  event.pending = wanting.length;
  tx.put(eventsKind, event);
  return wanting.map((endpoint) => send(tx, event, endpoint, 0));
}

function send(tx: Transaction, event: EventRecord, endpoint: EndpointRecord, attempt: number): string {
  const data: Sending = { event: event.id, endpoint: endpoint.id, attempt };
  const { id } = tx.account.send("stripe", {
    kind: event.type,
    subject: `${endpoint.id} ${subjectOf(event)}`,
    url: endpoint.url,
    headers: {
      "content-type": "application/json; charset=utf-8",
      "user-agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
      accept: "*/*; q=0.5, application/xml",
    },
    body: JSON.stringify(tx.render(eventsKind, event), null, 2),
    // A redirect counts as a failure.
    limits: { timeoutMs: answerLimitMs, redirects: 0, answerBytes: 256 * 1024 },
    signing: { endpoint: endpoint.id },
    reply: { type: "webhook.answered", data },
  });
  return id;
}

/** Those about one clock, customer or payment go one after the other. */
function subjectOf({ object, clock }: EventRecord): string {
  const customer = object["object"] === "customer" ? object["id"] : object["customer"];
  return String(clock ?? customer ?? object["payment_intent"] ?? object["id"]);
}

export function webhookAnswered(account: Account, sending: Sending, answer: WebhookResult): void {
  const tx = new Transaction(account);
  const event = tx.find(eventsKind, sending.event);
  if (!event) return;
  if (answer.status !== undefined && answer.status >= 200 && answer.status < 300) {
    event.pending = Math.max(0, event.pending - 1);
    tx.put(eventsKind, event);
    return;
  }
  const delayMs = retryDelaysMs[sending.attempt];
  if (delayMs === undefined || answer.failure === "refused") return;
  account.schedule("stripe", "webhook.retry", delayMs, { ...sending, attempt: sending.attempt + 1 });
}

export function retryWebhook(account: Account, { event, endpoint, attempt }: Sending): void {
  const tx = new Transaction(account);
  const [known, target] = [tx.find(eventsKind, event), tx.find(endpoints, endpoint)];
  if (known && target?.enabled) send(tx, known, target, attempt);
}

/** `Stripe-Signature`: https://docs.stripe.com/webhooks#verify-manually */
export function signEvent(account: Account, webhook: Webhook): Record<string, string> {
  const { endpoint: id } = webhook.signing as { endpoint: string };
  const endpoint = new Transaction(account).find(endpoints, id);
  if (!endpoint) return {};
  const timestamp = Math.floor(account.providerRealTimeMs("stripe") / 1_000);
  const signature = createHmac("sha256", endpointSecret(account, endpoint))
    .update(`${timestamp}.${webhook.body}`)
    .digest("hex");
  return { "stripe-signature": `t=${timestamp},v1=${signature}` };
}

/** Whether all of these are answered or given up. */
export const areDone = (account: Account, ids: readonly string[]): boolean =>
  ids.every((id) => {
    const webhook = account.webhooks.get(id);
    return webhook === undefined || isDone(webhook);
  });
