import { createHmac } from "node:crypto";
import type { AppName, EnvironmentName } from "@evenkeel/model";
import { AccountClock } from "../clock/account-clock.ts";
import type { ScheduledEvent } from "../clock/event-queue.ts";
import { FaultInjector } from "../faults/fault-injector.ts";
import type { FaultRule } from "../faults/fault-rule.ts";
import type { NewFaultRule } from "../faults/parse-fault.ts";
import type { LoggedRequest } from "../log/logged-request.ts";
import type { Provider } from "../provider/provider.ts";
import { Collection } from "../store/collection.ts";
import type { Store } from "../store/store.ts";
import type { EdgeAddress } from "../webhooks/deliver.ts";
import { isDone, type NewWebhook, type Webhook } from "../webhooks/webhook.ts";
import { WebhookSender } from "../webhooks/webhook-sender.ts";
import { SeededRandom } from "./seeded-random.ts";

export interface AccountName {
  app: AppName;
  environment: EnvironmentName;
}

/** What an account is, on disk. */
export interface AccountRecord extends AccountName {
  seed: string;
  /** 1 to 1000. */
  speed: number;
  /** Asked for by name, where it is not given anyhow. */
  enabled: boolean;
  lastSequence: number;
  /** The account's time and the real one when it was last written. */
  timeMs: number;
  realMs: number;
  /** How many ids of each kind there are. */
  counters: Record<string, number>;
}

export interface AccountParts {
  store: Store;
  edge: EdgeAddress;
  /** Credentials follow from it. */
  masterKey: Uint8Array;
  providers: ReadonlyMap<string, Provider>;
  /** Of the sandbox's own port: `http://127.0.0.1:7180`. */
  base(): string;
  /** Of a twin's own listener. */
  port(provider: string): number;
  /** Writes the record. */
  save(record: AccountRecord): void;
}

/** An app hears of an answer this long after the webhook was sent, in its account's time, however long it took. */
export const answerDelayMs = 250;
const reorderedDelayMs = 5_000;
const loggedRequests = 2_000;
const loggedWebhooks = 2_000;
const ownEvents = "sandbox";

export const accountKey = ({ app, environment }: AccountName): string => `${app}/${environment}`;

/** All that the twins know of one app environment. */
export class Account {
  readonly key: string;
  readonly requests: Collection<LoggedRequest>;
  readonly webhooks: Collection<Webhook>;
  readonly faults: FaultInjector;
  private readonly clock: AccountClock;
  private readonly events: Collection<ScheduledEvent>;
  private readonly collections = new Map<string, Collection<object>>();
  private readonly sender: WebhookSender;

  constructor(
    readonly record: AccountRecord,
    private readonly parts: AccountParts,
  ) {
    this.key = accountKey(record);
    this.requests = this.collection("sandbox.requests", loggedRequests);
    this.webhooks = this.collection("sandbox.webhooks", loggedWebhooks);
    // None may be forgotten before it has happened.
    this.events = this.collection("sandbox.events", Number.POSITIVE_INFINITY);
    this.faults = new FaultInjector(this.collection<FaultRule>("sandbox.faults"), () => record.seed);
    // While the sandbox was away, the providers' time went on.
    const nowMs = record.timeMs + Math.max(0, Date.now() - record.realMs);
    this.clock = new AccountClock(
      {
        happen: (event) => this.happen(event),
        isAnswered: (id) => {
          const webhook = this.webhooks.get(id);
          return webhook === undefined || isDone(webhook);
        },
        settled: () => this.settle(),
      },
      nowMs,
      record.speed,
    );
    this.sender = new WebhookSender({
      edge: parts.edge,
      log: this.webhooks,
      faults: this.faults,
      sign: (webhook) => this.parts.providers.get(webhook.provider)?.signWebhook?.(this, webhook) ?? {},
      flush: () => this.settle(),
      answered: () => this.clock.resume(),
      heldBack: ({ provider, subject }) =>
        this.schedule(ownEvents, "release", reorderedDelayMs, { provider, subject }),
    });
    for (const event of this.events.values()) this.clock.add(event);
    this.sender.resume();
  }

  /** Milliseconds since the epoch in the account's own time, which may pass faster than the real one. */
  nowMs(): number {
    return this.clock.nowMs();
  }

  /** The time as this provider's clock has it, for dates in answers. */
  providerTimeMs(provider: string): number {
    return this.nowMs() + this.faults.skewMs(provider);
  }

  /** The real time as this provider's clock has it, for signatures, which apps compare with their own clock. */
  providerRealTimeMs(provider: string): number {
    return Date.now() + this.faults.skewMs(provider);
  }

  /** Where a twin is reached on this machine, also by browsers: `http://127.0.0.1:7180/stripe`. */
  twinAddress(provider: string): string {
    return `${this.parts.base()}/${provider}`;
  }

  /** On 127.0.0.1, of a twin that speaks something else than HTTP. */
  listenerPort(provider: string): number {
    return this.parts.port(provider);
  }

  /** Keeps a request in the log. */
  note(request: Omit<LoggedRequest, "id" | "atMs">): void {
    const id = `rq_${this.nextId("sandbox.request").slice(0, 16)}`;
    this.requests.put(id, { ...request, id, atMs: this.nowMs() });
  }

  get speed(): number {
    return this.record.speed;
  }

  /** @param speed 1 to 1000 */
  setSpeed(speed: number): void {
    this.record.speed = speed;
    this.clock.setSpeed(speed);
    this.save();
  }

  setEnabled(enabled: boolean): void {
    this.record.enabled = enabled;
    this.save();
  }

  addFault(wish: NewFaultRule): FaultRule {
    const id = `flt_${this.nextId("sandbox.fault").slice(0, 12)}`;
    return this.faults.rules.put(id, { ...wish, id, struck: [], matched: 0, addedAtMs: this.nowMs() });
  }

  /** It strikes no more; its record stays for replays. */
  removeFault(id: string): FaultRule | undefined {
    const rule = this.faults.rules.get(id);
    return rule && this.faults.rules.put(id, { ...rule, removedAtMs: rule.removedAtMs ?? this.nowMs() });
  }

  /** How much is still to come, and whether time waits for an app's answer. */
  get pending(): { events: number; waitsForWebhook: boolean } {
    return { events: this.clock.pending, waitsForWebhook: this.clock.waitsForWebhook };
  }

  /**
   * Documents of one kind: `twilio.messages`.
   *
   * @param keep the newest so many; default 20,000
   */
  collection<Value extends object>(name: string, keep?: number): Collection<Value> {
    let collection = this.collections.get(name);
    if (!collection) {
      collection = new Collection<object>(this.parts.store, this.key, name, keep);
      this.collections.set(name, collection);
    }
    return collection as unknown as Collection<Value>;
  }

  /** 64 hexadecimal characters that are always the same for this account and purpose, and that nobody can guess: keys, tokens, account ids. */
  secret(purpose: string): string {
    return createHmac("sha256", this.parts.masterKey).update(`${this.key}\n${purpose}`).digest("hex");
  }

  /** The next id of a kind: 64 hexadecimal characters, to be cut. The same seed gives the same ids in the same order. */
  nextId(kind: string): string {
    const count = (this.record.counters[kind] ?? 0) + 1;
    this.record.counters[kind] = count;
    this.save();
    return createHmac("sha256", this.record.seed).update(`${this.key}\n${kind}\n${count}`).digest("hex");
  }

  random(...words: (string | number)[]): SeededRandom {
    return new SeededRandom(this.record.seed, ...words);
  }

  /** `provider.happen` is called with type and data, `delayMs` of the account's time from now. Data is plain JSON. */
  schedule(provider: string, type: string, delayMs: number, data: unknown, webhook?: string): void {
    const sequence = ++this.record.lastSequence;
    const event: ScheduledEvent = {
      sequence,
      atMs: this.nowMs() + Math.max(0, Math.round(delayMs)),
      provider,
      type,
      data,
    };
    if (webhook !== undefined) event.webhook = webhook;
    this.events.put(String(sequence), event);
    this.save();
    this.clock.add(event);
  }

  /**
   * Sends a webhook. With `reply`, `provider.happen` is called with its type, its data and the answer, `answerDelayMs` of the
   * account's time from now; the account's time waits there for the real answer.
   */
  send(provider: string, wish: NewWebhook): Webhook {
    const id = `wh_${this.nextId("sandbox.webhook").slice(0, 16)}`;
    const webhook: Webhook = {
      method: "POST",
      headers: {},
      body: "",
      limits: { timeoutMs: 15_000, redirects: 0, answerBytes: 64 * 1024 },
      ...wish,
      id,
      provider,
      state: "waiting",
      sentAtMs: this.nowMs(),
      attempts: [],
    };
    this.webhooks.put(id, webhook);
    // Also where nothing depends on the answer: what the app does meanwhile happens at this time.
    this.schedule(provider, wish.reply?.type ?? "", answerDelayMs, wish.reply?.data, id);
    this.sender.send(webhook);
    return webhook;
  }

  /** The same webhook once more, outside of time. */
  resend(webhook: Webhook) {
    return this.sender.resend(webhook);
  }

  /** Everything is forgotten but the credentials. Time is the real one again. */
  reset(seed: string): void {
    this.clock.clear(Date.now());
    for (const collection of this.collections.values()) collection.clear();
    Object.assign(this.record, { seed, counters: {}, lastSequence: 0 });
    this.parts.store.removeAccount(this.key);
    this.save();
  }

  stop(): void {
    this.clock.stop();
    this.save();
  }

  private happen(event: ScheduledEvent): void {
    this.events.delete(String(event.sequence));
    if (event.provider === ownEvents) {
      const { provider, subject } = event.data as { provider: string; subject: string };
      this.sender.release(provider, subject);
      return;
    }
    if (event.type === "") return;
    const webhook = event.webhook === undefined ? undefined : this.webhooks.get(event.webhook);
    try {
      this.parts.providers.get(event.provider)?.happen?.(this, event.type, event.data, webhook?.result);
    } catch (error) {
      console.error(`sandbox: ${event.provider} failed at ${event.type} of ${this.key}:`, error);
    }
  }

  private settle(): void {
    this.save();
    this.parts.store.flush();
  }

  private save(): void {
    this.record.timeMs = this.nowMs();
    this.record.realMs = Date.now();
    this.parts.save(this.record);
  }
}
