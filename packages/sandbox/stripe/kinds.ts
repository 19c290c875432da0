import { invoices } from "./billing/invoice.ts";
import { invoiceItems } from "./billing/invoice-item.ts";
import { invoicePayments } from "./billing/invoice-payment.ts";
import { subscriptions } from "./billing/subscription.ts";
import { prices } from "./catalog/price.ts";
import { products } from "./catalog/product.ts";
import { sessionLines, sessions } from "./checkout/session.ts";
import { clocks } from "./clocks/test-clock.ts";
import { customers } from "./customers/customer.ts";
import { endpoints } from "./events/endpoint.ts";
import { eventsKind } from "./events/event.ts";
import type { Includer, Resolver } from "./objects/expand.ts";
import type { Kind, Recorded } from "./objects/kind.ts";
import { embedded } from "./objects/list.ts";
import { charges } from "./payments/charge.ts";
import { clientSecret, intents } from "./payments/payment-intent.ts";
import { paymentMethods } from "./payments/payment-method.ts";
import { refunds } from "./payments/refund.ts";
import { setupIntents } from "./payments/setup-intent.ts";

// Each kind is of its own record, which `render` alone has to know.
const kinds = [
  ...[charges, clocks, customers, endpoints, eventsKind, intents, invoiceItems, invoices, paymentMethods],
  ...[prices, products, refunds, sessions, setupIntents, subscriptions],
] as unknown as Kind<Recorded>[];

export const resolveId: Resolver = (tx, id) => {
  // Products may have names of an app's own.
  const kind =
    kinds.find(({ prefix }) => id.startsWith(`${prefix}_`)) ?? (products as unknown as Kind<Recorded>);
  const record = tx.find(kind, id);
  return record && tx.render(kind, record);
};

export const includeList: Includer = (tx, object, name) => {
  const id = String(object["id"]);
  switch (`${object["object"]}.${name}`) {
    case "checkout.session.line_items":
      return sessionLines(tx, tx.get(sessions, id));
    case "invoice.payments":
      return invoicePayments(tx, tx.get(invoices, id));
    case "invoice.confirmation_secret": {
      const { intent } = tx.get(invoices, id);
      return intent === null ? null : { client_secret: clientSecret(tx, intent), type: "payment_intent" };
    }
    case "customer.subscriptions":
      return embedded(
        tx
          .newestFirst(subscriptions)
          .filter(({ customer, status }) => customer === id && status !== "canceled")
          .map((each) => tx.render(subscriptions, each)),
        `/v1/customers/${id}/subscriptions`,
      );
    default:
      return undefined;
  }
};
