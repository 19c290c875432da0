import type { FaultInjector } from "../faults/fault-injector.ts";
import { webhookFaults } from "../faults/fault-rule.ts";
import type { Collection } from "../store/collection.ts";
import { deliver, type EdgeAddress } from "./deliver.ts";
import { isDone, type Webhook, type WebhookAttempt, type WebhookResult } from "./webhook.ts";

export interface WebhookSenderParts {
  edge: EdgeAddress;
  log: Collection<Webhook>;
  faults: FaultInjector;
  /** What the provider adds to each attempt: its signature. */
  sign(webhook: Webhook): Record<string, string>;
  /** Writes the state down: what was sent must be known after a restart. */
  flush(): void;
  /** It is answered, or given up: the account's time may go on. */
  answered(webhook: Webhook): void;
  /** It is held back, to be released by `release`, at the latest some time later. */
  heldBack(webhook: Webhook): void;
}

/** In the log; what providers read of an answer has its own limit. */
const loggedAnswerBytes = 64 * 1024;

/** Sends an account's webhooks: those about one subject one after the other, so that the network cannot reorder them. */
export class WebhookSender {
  private readonly lanes = new Map<string, Promise<void>>();
  private readonly heldBack = new Map<string, string>();

  constructor(private readonly parts: WebhookSenderParts) {
    for (const webhook of parts.log.values())
      if (webhook.state === "held-back") this.heldBack.set(lane(webhook), webhook.id);
  }

  send(webhook: Webhook): void {
    const target = { provider: webhook.provider, subject: `${webhook.kind} ${webhook.url}` };
    const faults = this.parts.faults.strike(target, webhookFaults).map((fault) => fault.type);
    if (faults.includes("webhook_lost")) {
      this.finish(webhook, "lost", {
        failure: "lost",
        message: "Lost on purpose",
        headers: {},
        body: "",
        url: webhook.url,
      });
      return;
    }
    // What the provider waits for cannot be overtaken.
    if (
      faults.includes("webhook_reordered") &&
      webhook.reply === undefined &&
      !this.heldBack.has(lane(webhook))
    ) {
      webhook.state = "held-back";
      this.parts.log.put(webhook.id, webhook);
      this.heldBack.set(lane(webhook), webhook.id);
      this.parts.heldBack(webhook);
      return;
    }
    this.queue(webhook, "sent");
    if (faults.includes("webhook_duplicated")) this.queue(webhook, "duplicated");
    this.release(webhook.provider, webhook.subject);
  }

  /** Sends what was held back for this subject, if there is something. */
  release(provider: string, subject: string): void {
    const id = this.heldBack.get(lane({ provider, subject }));
    const webhook = id === undefined ? undefined : this.parts.log.get(id);
    this.heldBack.delete(lane({ provider, subject }));
    if (webhook?.state === "held-back") this.queue(webhook, "sent");
  }

  /** Once more, as it was; changes nothing but the log. */
  async resend(webhook: Webhook): Promise<WebhookAttempt> {
    return this.attempt(webhook, "re-sent");
  }

  /** What a process that ended left under way. */
  resume(): void {
    for (const webhook of this.parts.log.values()) if (!isDone(webhook)) this.queue(webhook, "restarted");
  }

  private queue(webhook: Webhook, why: WebhookAttempt["why"]): void {
    const key = lane(webhook);
    const before = this.lanes.get(key);
    const sent = (before ?? Promise.resolve()).then(() => this.carryOut(webhook, why));
    this.lanes.set(key, sent);
    void sent.then(() => {
      if (this.lanes.get(key) === sent) this.lanes.delete(key);
    });
  }

  private async carryOut(webhook: Webhook, why: WebhookAttempt["why"]): Promise<void> {
    if (why !== "duplicated") webhook.state = "sending";
    const { result } = await this.attempt(webhook, why);
    if (why === "duplicated") return;
    const state =
      result.failure === undefined ? "answered" : result.failure === "refused" ? "refused" : "failed";
    this.finish(webhook, state, result);
  }

  private async attempt(webhook: Webhook, why: WebhookAttempt["why"]): Promise<WebhookAttempt> {
    const headers = { ...webhook.headers, ...this.parts.sign(webhook) };
    this.parts.log.put(webhook.id, webhook);
    this.parts.flush();
    const startedAtMs = Date.now();
    const begunMs = performance.now();
    const result = await deliver(this.parts.edge, webhook, headers);
    const attempt: WebhookAttempt = {
      startedAtMs,
      durationMs: Math.round(performance.now() - begunMs),
      headers,
      why,
      result: { ...result, body: result.body.slice(0, loggedAnswerBytes) },
    };
    webhook.attempts.push(attempt);
    this.parts.log.put(webhook.id, webhook);
    return { ...attempt, result };
  }

  private finish(webhook: Webhook, state: Webhook["state"], result: WebhookResult): void {
    webhook.state = state;
    webhook.result = result;
    this.parts.log.put(webhook.id, webhook);
    this.parts.answered(webhook);
  }
}

const lane = ({ provider, subject }: Pick<Webhook, "provider" | "subject">): string =>
  `${provider}\n${subject}`;
