import type { Account } from "../accounts/account.ts";

/** Where a provider's webhooks go, as a person registers it at the provider's own site. */
export interface WebhookEndpoint {
  id: string;
  url: string;
  /** Types; `*` for all. */
  events: string[];
  enabled: boolean;
}

export interface EndpointService {
  /** Signs what goes to them; apps read it from a variable. */
  secret(account: Account): string;
  /** Newest first. */
  list(account: Account): WebhookEndpoint[];
  add(account: Account, wish: Pick<WebhookEndpoint, "url" | "events">): WebhookEndpoint;
  /** False where there is none. */
  remove(account: Account, id: string): boolean;
}
