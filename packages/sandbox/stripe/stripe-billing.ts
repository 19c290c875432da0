import type { BillingService } from "../provider/billing-service.ts";
import { dueOf, invoices } from "./billing/invoice.ts";
import { formatAmount, rateOf } from "./billing/invoice-life.ts";
import { priceOf, subscriptions } from "./billing/subscription.ts";
import { products } from "./catalog/product.ts";
import { resumeSession, submitSession } from "./checkout/complete-session.ts";
import { amountOfSession, type SessionRecord, sessions, sessionUrl } from "./checkout/session.ts";
import { customers } from "./customers/customer.ts";
import { Transaction } from "./objects/transaction.ts";
import { authenticationFailed, pay } from "./payments/pay.ts";
import { intents } from "./payments/payment-intent.ts";
import { paymentMethods } from "./payments/payment-method.ts";
import { checkCard } from "./payments/read-card.ts";
import { setUp, setupAuthenticationFailed, setupIntents } from "./payments/setup-intent.ts";
import { portals } from "./portal/portal-session.ts";
import { StripeFailure } from "./stripe-error.ts";

const shown = 100;

/** What the sandbox's own page and command line show of Stripe. */
export const stripeBilling: BillingService = {
  view(account) {
    const tx = new Transaction(account);
    const emailOf = (id: string | null) => (id === null ? null : (tx.find(customers, id)?.email ?? null));
    return {
      checkouts: tx
        .newestFirst(sessions)
        .slice(0, shown)
        .map((session) => ({
          ...{ id: session.id, status: session.status, mode: session.mode, atMs: session.created * 1_000 },
          amount:
            session.mode === "setup"
              ? ""
              : formatAmount(amountOfSession(tx, session), session.currency ?? "usd"),
          email: session.details?.email ?? session.customerEmail ?? emailOf(session.customer),
          ...(session.status === "open" && { url: sessionUrl(tx, session) }),
        })),
      subscriptions: tx
        .newestFirst(subscriptions)
        .slice(0, shown)
        .map((each) => ({
          ...{ id: each.id, status: each.status, customer: each.customer, email: emailOf(each.customer) },
          what: each.items
            .map(
              (item) =>
                `${tx.find(products, priceOf(tx, item).product)?.name ?? item.price}, ${rateOf(tx, item)}`,
            )
            .join("; "),
          ...{ endsAtMs: each.periodEnd * 1_000, endsThen: each.cancelAtPeriodEnd },
        })),
      invoices: tx
        .newestFirst(invoices)
        .slice(0, shown)
        .map((invoice) => {
          const url = tx.render(invoices, invoice)["hosted_invoice_url"];
          return {
            ...{
              id: invoice.id,
              number: invoice.number,
              status: invoice.status,
              atMs: invoice.created * 1_000,
            },
            ...{ amount: formatAmount(dueOf(invoice), invoice.currency), email: emailOf(invoice.customer) },
            ...(typeof url === "string" && { url }),
          };
        }),
      portals: tx
        .newestFirst(portals)
        .slice(0, shown)
        .map((portal) => ({
          ...{ id: portal.id, email: emailOf(portal.customer), atMs: portal.created * 1_000 },
          url: String(tx.render(portals, portal)["url"]),
        })),
    };
  },

  pay(account, id, { card, email, authenticates }) {
    const tx = new Transaction(account);
    const session = tx.find(sessions, id);
    if (!session) return undefined;
    try {
      if (session.status !== "open") return { paid: false, message: `It is ${session.status}` };
      const year = new Date(tx.nowS(session.clock) * 1_000).getUTCFullYear() + 1;
      const typed = checkCard({ number: card, month: 12, year, cvc: "123" }, tx.nowS(session.clock));
      const step = submitSession(tx, session, { email, name: null, card: typed });
      if (step.kind === "failed") return { paid: false, message: step.failure.message };
      if (step.kind === "authenticate") answerBank(tx, session, step.secretOf, authenticates);
      const problem =
        tx.find(intents, session.intent ?? "")?.lastError ??
        tx.find(setupIntents, session.setup ?? "")?.lastError;
      // A bank's answer has changed it since.
      const isDone = (session.status as SessionRecord["status"]) === "complete";
      return { paid: isDone, message: isDone ? "Paid" : String(problem?.["message"] ?? "It was not paid") };
    } catch (error) {
      if (error instanceof StripeFailure) return { paid: false, message: error.message };
      throw error;
    } finally {
      tx.commit();
    }
  },
};

function answerBank(tx: Transaction, session: SessionRecord, id: string, isTheirs: boolean): void {
  const intent = tx.find(intents, id);
  const setup = tx.find(setupIntents, id);
  if (intent) {
    if (isTheirs) pay(tx, intent, tx.get(paymentMethods, intent.method!), { authenticated: true });
    else authenticationFailed(tx, intent);
    resumeSession(tx, session, intent);
  } else if (setup) {
    if (isTheirs) setUp(tx, setup, tx.get(paymentMethods, setup.method!), true);
    else setupAuthenticationFailed(tx, setup);
    resumeSession(tx, session, setup);
  }
}
