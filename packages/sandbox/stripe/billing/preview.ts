import { intervalEnd } from "../catalog/price.ts";
import { nextId } from "../credentials.ts";
import { customers } from "../customers/customer.ts";
import type { Kind } from "../objects/kind.ts";
import type { Transaction } from "../objects/transaction.ts";
import { type InvoiceRecord, invoices } from "./invoice.ts";
import { lineOf, pendingItems } from "./invoice-item.ts";
import { periodLines } from "./invoice-life.ts";
import { recurringOf, type SubscriptionRecord } from "./subscription.ts";

/** The next invoice as it would be. Nothing is kept of it. */
export function previewInvoice(tx: Transaction, subscription: SubscriptionRecord): InvoiceRecord {
  const next: SubscriptionRecord = {
    ...subscription,
    status: "active",
    periodStart: subscription.periodEnd,
    periodEnd: intervalEnd(subscription.anchorS, recurringOf(tx, subscription), subscription.cycle + 1),
  };
  const pending = pendingItems(tx, subscription, subscription.id);
  return {
    ...{
      id: nextId(tx.account, "upcoming_in", 24),
      created: subscription.periodEnd,
      customer: subscription.customer,
    },
    ...{
      subscription: subscription.id,
      status: "draft",
      reason: "subscription_cycle",
      currency: subscription.currency,
    },
    lines: [...periodLines(tx, next), ...pending.map((item) => lineOf(tx, item))],
    startingBalance: tx.find(customers, subscription.customer)?.balance ?? 0,
    ...{ endingBalance: null, amountPaid: 0, attempts: 0, autoAdvance: true, number: null },
    nextAttempt: subscription.periodEnd + 3_600,
    ...{
      periodStart: subscription.periodStart,
      periodEnd: subscription.periodEnd,
      finalizedAt: null,
      paidAt: null,
    },
    ...{ voidedAt: null, uncollectibleAt: null, intent: null, method: null, description: null, metadata: {} },
    subscriptionMetadata: subscription.metadata,
    ...(subscription.clock !== undefined && { clock: subscription.clock }),
  };
}

/** Events of invoices to come have no id in them. */
const upcoming: Kind<InvoiceRecord> = {
  ...invoices,
  render: (invoice, tx) => ({ ...invoices.render(invoice, tx), id: undefined }),
};

export function emitUpcoming(tx: Transaction, subscription: SubscriptionRecord): void {
  const invoice = previewInvoice(tx, subscription);
  tx.emit("invoice.upcoming", upcoming, { ...invoice, created: tx.nowS(subscription.clock) });
}
