import { customers } from "../customers/customer.ts";
import type { Transaction } from "../objects/transaction.ts";
import { intents, type PaymentIntentRecord } from "../payments/payment-intent.ts";
import { dueOf, type InvoiceRecord, invoices } from "./invoice.ts";
import { isEnded, type SubscriptionRecord, type SubscriptionStatus, subscriptions } from "./subscription.ts";
import { endSubscription } from "./subscription-life.ts";

/** Days after an automatic attempt until the next one; after the last one the subscription ends. */
const retryAfterDays = [3, 5, 7];

/** A payment by itself has come to something: what it was for follows. */
export function afterPayment(tx: Transaction, intent: PaymentIntentRecord): void {
  const invoice = intent.invoice === null ? undefined : tx.find(invoices, intent.invoice);
  if (invoice?.status !== "open") return;
  if (intent.status === "succeeded") invoicePaid(tx, invoice);
  else if (intent.lastError !== null) invoiceUnpaid(tx, invoice, false);
}

export function invoicePaid(tx: Transaction, invoice: InvoiceRecord): void {
  const due = dueOf(invoice);
  if (due > 0) invoice.attempts++;
  Object.assign(invoice, {
    status: "paid",
    amountPaid: due,
    paidAt: tx.nowS(invoice.clock),
    nextAttempt: null,
  });
  tx.put(invoices, invoice);
  tx.emit("invoice.paid", invoices, invoice);
  tx.emit("invoice.payment_succeeded", invoices, invoice);
  const customer = tx.find(customers, invoice.customer);
  if (customer?.delinquent) tx.put(customers, Object.assign(customer, { delinquent: false }));
  const subscription = subscriptionOf(tx, invoice);
  if (!subscription || isEnded(subscription)) return;
  const paidWith = invoice.intent === null ? null : (tx.find(intents, invoice.intent)?.method ?? null);
  if (subscription.savesMethod && paidWith !== null) subscription.defaultMethod = paidWith;
  const isBehind = subscription.status === "incomplete" || subscription.status === "past_due";
  if (isBehind && subscription.latestInvoice === invoice.id) changeStatus(tx, subscription, "active");
  else tx.put(subscriptions, subscription);
}

/** @param automatic it is tried again some days later, and the subscription ends when that fails for good */
export function invoiceUnpaid(tx: Transaction, invoice: InvoiceRecord, automatic: boolean): void {
  invoice.attempts++;
  const nowS = tx.nowS(invoice.clock);
  const days = automatic ? retryAfterDays[invoice.attempts - 1] : undefined;
  if (automatic) invoice.nextAttempt = days === undefined ? null : nowS + days * 86_400;
  tx.put(invoices, invoice);
  tx.emit("invoice.payment_failed", invoices, invoice);
  const customer = tx.find(customers, invoice.customer);
  if (customer && !customer.delinquent) tx.put(customers, Object.assign(customer, { delinquent: true }));
  const subscription = subscriptionOf(tx, invoice);
  if (!subscription || isEnded(subscription)) return;
  if (subscription.status === "active" || subscription.status === "trialing")
    changeStatus(tx, subscription, "past_due");
  if (!automatic) return;
  if (invoice.nextAttempt !== null)
    tx.later("invoice.retry", invoice.nextAttempt, { id: invoice.id }, invoice.clock);
  else endSubscription(tx, subscription, "payment_failed");
}

const subscriptionOf = (tx: Transaction, { subscription }: InvoiceRecord): SubscriptionRecord | undefined =>
  subscription === null ? undefined : tx.find(subscriptions, subscription);

function changeStatus(tx: Transaction, subscription: SubscriptionRecord, status: SubscriptionStatus): void {
  const previous = { status: subscription.status };
  tx.put(subscriptions, Object.assign(subscription, { status }));
  tx.emit("customer.subscription.updated", subscriptions, subscription, { previous });
}
