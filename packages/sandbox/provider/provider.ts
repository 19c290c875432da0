import type { Account } from "../accounts/account.ts";
import type { PhoneService } from "../phones/phone-service.ts";
import type { Webhook, WebhookResult } from "../webhooks/webhook.ts";
import type { Answer } from "./answer.ts";
import type { BillingService } from "./billing-service.ts";
import type { EndpointService } from "./endpoint-service.ts";
import type { Listener, ListenParts } from "./listener.ts";
import type { TwinRequest } from "./twin-request.ts";

/** Who asks, as the provider's credentials tell it. */
export interface Identified {
  account: Account;
  /** Names the credential in the log and in fault rules; no secret. */
  key: string;
}

/** Finds accounts by the identifiers that `Provider.identifiers` gave them. */
export interface AccountFinder {
  find(provider: string, identifier: string): Account | undefined;
}

export interface Given extends Identified {
  request: TwinRequest;
  /** Of the path. */
  params: Record<string, string>;
}

export interface TwinRoute {
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** `:name` stands for one piece without a slash: `/2010-04-01/Accounts/:account/Calls/:sid.json`. */
  path: string;
  answer(given: Given): Answer | Promise<Answer>;
}

/** Failures that the sandbox finds or makes, in whose shape only the provider knows. */
export type Failure =
  | { kind: "unauthenticated" }
  | { kind: "rate_limited"; retryAfterSeconds: number }
  | { kind: "server_error"; status: number }
  | { kind: "body_too_large"; limitBytes: number };

/**
 * The twin of one outside provider: one folder, one implementation of this.
 *
 * It keeps its state in the account's collections and never acts on a timer of its own: what happens later is scheduled with the
 * account, by name and as data, and comes back through `happen`. So it survives a restart, keeps its order, and is as fast as the
 * account's time.
 */
export interface Provider {
  /** First piece of its path on the sandbox's own port: `twilio`. */
  readonly name: string;
  /** `Twilio`. */
  readonly title: string;
  /** Host names that its SDK asks over TLS; instances are led to the sandbox for them. */
  readonly hosts: readonly string[];
  /** Of a request; larger ones get `body_too_large`. */
  readonly bodyLimitBytes: number;
  /** Each with its method: a path that none matches is answered by 501 with this list. */
  readonly routes: readonly TwinRoute[];
  /** What `authenticate` finds an account by: account ids, keys. Unique over all accounts. */
  identifiers(account: Account): string[];
  /** The variables that apps usually read, with this account's credentials. `base` is the twin's own address: `http://127.0.0.1:7180/openai`. */
  variables(account: Account, base: string): Record<string, string>;
  /** Undefined where nobody is named or a secret is wrong; secrets are compared in constant time. */
  authenticate(request: TwinRequest, accounts: AccountFinder): Identified | undefined;
  /** The provider's own error for it. */
  failure(failure: Failure, request: TwinRequest): Answer;
  /** Something the provider scheduled; `answer` is that of the webhook it belongs to. */
  happen?(account: Account, type: string, data: unknown, answer?: WebhookResult): void;
  /** Headers that prove where a webhook comes from; asked again for each attempt. */
  signWebhook?(account: Account, webhook: Webhook): Record<string, string>;
  /** Calls and texts that people outside take part in. */
  readonly phones?: PhoneService;
  /** What people are asked to pay. */
  readonly billing?: BillingService;
  /** Where its webhooks go, where a person says that at its site and not the app. */
  readonly endpoints?: EndpointService;
  /** A request's body as the log may show it. */
  loggable?(body: string): string;
  /** A listener of its own beside HTTP, as for SMTP. */
  listen?(parts: ListenParts): Promise<Listener>;
}
