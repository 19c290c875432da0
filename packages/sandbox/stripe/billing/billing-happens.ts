import type { Transaction } from "../objects/transaction.ts";
import { invoices } from "./invoice.ts";
import { finalizeInvoice, payInvoice } from "./invoice-life.ts";
import { emitUpcoming } from "./preview.ts";
import { isEnded, subscriptions } from "./subscription.ts";
import { endSubscription, renew } from "./subscription-life.ts";

/** Something that was planned for this moment. What has been overtaken since does nothing. */
export function billingHappens(tx: Transaction, type: string, data: unknown): void {
  const { id, endS } = data as { id: string; endS?: number };
  if (type.startsWith("subscription.")) {
    const subscription = tx.find(subscriptions, id);
    if (!subscription || isEnded(subscription)) return;
    if (endS !== undefined && endS !== subscription.periodEnd) return;
    switch (type) {
      case "subscription.period":
        return void renew(tx, subscription);
      case "subscription.trial-ends":
        return void tx.emit("customer.subscription.trial_will_end", subscriptions, subscription);
      case "subscription.upcoming":
        if (!subscription.cancelAtPeriodEnd) emitUpcoming(tx, subscription);
        return;
      case "subscription.expire":
        if (subscription.status === "incomplete") endSubscription(tx, subscription, null);
        return;
    }
  }
  const invoice = tx.find(invoices, id);
  if (type === "invoice.finalize" && invoice?.status === "draft" && invoice.autoAdvance) {
    finalizeInvoice(tx, invoice);
    if (invoice.intent !== null) payInvoice(tx, invoice, { automatic: true, offSession: true });
  }
  if (type === "invoice.retry" && invoice?.status === "open" && invoice.nextAttempt !== null)
    payInvoice(tx, invoice, { automatic: true, offSession: true });
}
