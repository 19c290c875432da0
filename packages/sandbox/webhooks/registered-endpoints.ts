import type { Account } from "../accounts/account.ts";
import type { EndpointService, WebhookEndpoint } from "../provider/endpoint-service.ts";
import type { WebhookResult } from "./webhook.ts";

export interface RegisteredEndpointsParts {
  provider: string;
  secret(account: Account): string;
  /** After which a webhook that was not taken is sent again, in the account's time. */
  retryDelaysMs: readonly number[];
  /** Real, until the whole answer has to be there. */
  timeoutMs: number;
  /** An answer after which it is not sent again. */
  stopsAt?: number;
}

export interface Telling {
  type: string;
  /** Those with the same one go one after the other. */
  subject: string;
  body: string;
  /** What the provider's `signWebhook` needs. */
  signing?: unknown;
}

interface Sending extends Telling {
  endpoint: string;
  attempt: number;
}

const answered = "endpoint.answered";
const again = "endpoint.again";

/** Webhooks of a provider that go to addresses which a person registers at its site, and are sent again where they are not taken. */
export class RegisteredEndpoints implements EndpointService {
  constructor(private readonly parts: RegisteredEndpointsParts) {}

  secret(account: Account): string {
    return this.parts.secret(account);
  }

  list(account: Account): WebhookEndpoint[] {
    return this.of(account).newestFirst();
  }

  add(account: Account, wish: Pick<WebhookEndpoint, "url" | "events">): WebhookEndpoint {
    const id = `${this.parts.provider}_${account.nextId(`${this.parts.provider}.endpoint`).slice(0, 12)}`;
    return this.of(account).put(id, { id, ...wish, enabled: true });
  }

  remove(account: Account, id: string): boolean {
    return this.of(account).delete(id);
  }

  tell(account: Account, telling: Telling): void {
    for (const { id, events } of this.list(account)) {
      if (events.includes("*") || events.includes(telling.type))
        this.send(account, { ...telling, endpoint: id, attempt: 0 });
    }
  }

  /** False where it is something else that happened. */
  happen(account: Account, type: string, data: unknown, answer?: WebhookResult): boolean {
    const sending = data as Sending;
    if (type === again) this.send(account, sending);
    else if (type === answered) this.heard(account, sending, answer!);
    else return false;
    return true;
  }

  private heard(account: Account, sending: Sending, { failure, status = 0 }: WebhookResult): void {
    const { retryDelaysMs, stopsAt, provider } = this.parts;
    if ((status >= 200 && status < 300) || status === stopsAt || failure === "refused") return;
    const delayMs = retryDelaysMs[sending.attempt];
    if (delayMs !== undefined)
      account.schedule(provider, again, delayMs, { ...sending, attempt: sending.attempt + 1 });
  }

  private send(account: Account, sending: Sending): void {
    const endpoint = this.of(account).get(sending.endpoint);
    if (!endpoint) return;
    const { type, subject, body, signing } = sending;
    account.send(this.parts.provider, {
      ...{ kind: type, subject: `${endpoint.id} ${subject}`, url: endpoint.url, body },
      headers: { "content-type": "application/json" },
      limits: { timeoutMs: this.parts.timeoutMs, redirects: 0, answerBytes: 64 * 1024 },
      ...(signing !== undefined && { signing }),
      reply: { type: answered, data: sending },
    });
  }

  private of(account: Account) {
    return account.collection<WebhookEndpoint>(`${this.parts.provider}.endpoints`);
  }
}
