import type { Account } from "../accounts/account.ts";
import type { Answer } from "../provider/answer.ts";
import type { AccountFinder, Failure, Identified, Provider } from "../provider/provider.ts";
import { isSameSecret } from "../provider/same-secret.ts";
import { basicCredentials, bearerToken, type TwinRequest } from "../provider/twin-request.ts";
import type { WebhookResult } from "../webhooks/webhook.ts";
import { billingHappens } from "./billing/billing-happens.ts";
import { invoiceRoutes } from "./billing/invoice-routes.ts";
import { subscriptionRoutes } from "./billing/subscription-routes.ts";
import { catalogRoutes } from "./catalog/catalog-routes.ts";
import { sessions } from "./checkout/session.ts";
import { sessionRoutes } from "./checkout/session-routes.ts";
import { clockRoutes, stepClock } from "./clocks/clock-routes.ts";
import { accountId, givenWebhookSecret, publishableKey, secretKey } from "./credentials.ts";
import { customerRoutes } from "./customers/customer-routes.ts";
import { retryWebhook, signEvent, webhookAnswered } from "./events/endpoint.ts";
import { eventRoutes } from "./events/event-routes.ts";
import { stripeEndpoints } from "./events/given-endpoints.ts";
import { authenticationPages } from "./hosted/authentication-page.ts";
import { checkoutPages } from "./hosted/checkout-page.ts";
import { invoicePages } from "./hosted/invoice-page.ts";
import { portalPages } from "./hosted/portal-page.ts";
import { Transaction } from "./objects/transaction.ts";
import { nothing, operation } from "./operation.ts";
import { paymentIntentRoutes } from "./payments/payment-intent-routes.ts";
import { paymentMethodRoutes, setupIntentRoutes } from "./payments/payment-method-routes.ts";
import { refundRoutes } from "./payments/refund-routes.ts";
import { portalRoutes } from "./portal/portal-session.ts";
import { stripeBilling } from "./stripe-billing.ts";
import { failureAnswer, StripeFailure } from "./stripe-error.ts";

const hostedPath = /^\/(?:pay|portal|authenticate|invoice)\/(acct_[^/]+)\//;
/** What a browser may do with the publishable key. */
const publishablePaths = /^POST \/v1\/payment_methods$/;

/** Stripe: payments, Checkout, subscriptions, the customer portal, webhooks, test clocks. */
export const stripe: Provider = {
  name: "stripe",
  title: "Stripe",
  hosts: ["api.stripe.com"],
  bodyLimitBytes: 1024 * 1024,
  routes: [
    ...[
      ...customerRoutes,
      ...catalogRoutes,
      ...paymentMethodRoutes,
      ...paymentIntentRoutes,
      ...setupIntentRoutes,
    ],
    ...[
      ...refundRoutes,
      ...sessionRoutes,
      ...subscriptionRoutes,
      ...invoiceRoutes,
      ...portalRoutes,
      ...clockRoutes,
    ],
    ...[...eventRoutes, ...checkoutPages, ...authenticationPages, ...invoicePages, ...portalPages],
    operation("GET", "/v1/account", nothing, ({ tx }) => describeAccount(tx.account)),
  ],
  identifiers: (account) => [secretKey(account), publishableKey(account), accountId(account)],
  variables: (account, base) => ({
    STRIPE_SECRET_KEY: secretKey(account),
    STRIPE_API_KEY: secretKey(account),
    STRIPE_PUBLISHABLE_KEY: publishableKey(account),
    NEXT_PUBLIC_STRIPE_PUBLISHABLE_KEY: publishableKey(account),
    STRIPE_WEBHOOK_SECRET: givenWebhookSecret(account),
    STRIPE_API_BASE: base,
  }),
  authenticate,
  failure,
  happen(account, type, data, answer) {
    switch (type) {
      case "webhook.answered":
        return webhookAnswered(
          account,
          data as Parameters<typeof webhookAnswered>[1],
          answer as WebhookResult,
        );
      case "webhook.retry":
        return retryWebhook(account, data as Parameters<typeof retryWebhook>[1]);
      case "clock.step":
        return stepClock(account, (data as { id: string }).id);
    }
    const tx = new Transaction(account);
    if (type === "session.expire") expireSession(tx, (data as { id: string }).id);
    else billingHappens(tx, type, data);
    tx.commit();
  },
  signWebhook: signEvent,
  endpoints: stripeEndpoints,
  billing: stripeBilling,
  // Test cards only get further, but a person may mistype.
  loggable: (body) => body.replace(/((?:number|cvc)(?:%5D|\])?=)[^&]*/gi, "$1(hidden)"),
};

function authenticate(request: TwinRequest, accounts: AccountFinder): Identified | undefined {
  // Hosted pages are for whoever has their address.
  const owner = hostedPath.exec(request.path)?.[1];
  if (owner !== undefined) {
    const account = accounts.find("stripe", owner);
    return account && { account, key: "(page)" };
  }
  const key = bearerToken(request) ?? basicCredentials(request)?.user ?? "";
  const account = accounts.find("stripe", key);
  if (!account) return undefined;
  if (isSameSecret(key, secretKey(account))) return { account, key: `${key.slice(0, 12)}…` };
  const isBrowser = isSameSecret(key, publishableKey(account));
  return isBrowser && publishablePaths.test(`${request.method} ${request.path}`)
    ? { account, key: `${key.slice(0, 12)}…` }
    : undefined;
}

function failure(given: Failure, request: TwinRequest): Answer {
  switch (given.kind) {
    case "unauthenticated": {
      const key = bearerToken(request) ?? basicCredentials(request)?.user ?? "";
      const shown = `${key.slice(0, 8)}${"*".repeat(Math.max(0, Math.min(24, key.length - 12)))}${key.slice(-4)}`;
      const words =
        key === ""
          ? "You did not provide an API key. You need to provide your API key in the Authorization header, using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY')."
          : key.startsWith("pk_")
            ? "This API call cannot be made with a publishable API key. Please use a secret API key. You can find a list of your API keys at https://dashboard.stripe.com/account/apikeys."
            : `Invalid API Key provided: ${key.length > 16 ? shown : "*".repeat(key.length)}`;
      return failureAnswer(new StripeFailure(401, words));
    }
    case "rate_limited":
      return {
        ...failureAnswer(
          new StripeFailure(
            429,
            "Too many requests in a short period. Please retry with exponential backoff.",
            {
              ...{ type: "rate_limit_error", code: "rate_limit" },
            },
          ),
        ),
        headers: { "retry-after": String(given.retryAfterSeconds), "stripe-should-retry": "true" },
      };
    case "server_error":
      return failureAnswer(
        new StripeFailure(given.status, "An unknown error occurred.", { type: "api_error" }),
      );
    case "body_too_large":
      return failureAnswer(new StripeFailure(413, `The request has more than ${given.limitBytes} bytes.`));
  }
}

function expireSession(tx: Transaction, id: string): void {
  const session = tx.find(sessions, id);
  if (session?.status !== "open") return;
  tx.put(sessions, Object.assign(session, { status: "expired" }));
  tx.emit("checkout.session.expired", sessions, session);
}

const describeAccount = (account: Account): object => ({
  ...{ id: accountId(account), object: "account", business_type: null, charges_enabled: true, country: "US" },
  ...{
    default_currency: "usd",
    details_submitted: true,
    email: null,
    payouts_enabled: true,
    type: "standard",
  },
  ...{ metadata: {}, settings: { dashboard: { display_name: account.key, timezone: "Etc/UTC" } } },
});
