import { intervalEnd } from "../catalog/price.ts";
import { nextId } from "../credentials.ts";
import { customers } from "../customers/customer.ts";
import type { Transaction } from "../objects/transaction.ts";
import { intents, type PaymentIntentRecord } from "../payments/payment-intent.ts";
import { StripeFailure } from "../stripe-error.ts";
import { type InvoiceRecord, invoices } from "./invoice.ts";
import { finalizeInvoice, makeInvoice, noMethod, payInvoice, periodLines } from "./invoice-life.ts";
import {
  amountOf,
  type ItemRecord,
  isEnded,
  priceOf,
  recurringOf,
  type SubscriptionRecord,
  subscriptions,
} from "./subscription.ts";

/*
 * incomplete (its first invoice is not paid) → active, or incomplete_expired after 23 hours.
 * trialing → active at the trial's end. active → past_due (an invoice was not paid) → active, or canceled when the last try fails.
 * Each period ends with a draft invoice for the next one, which is finalized and charged an hour later.
 */

const incompleteForS = 23 * 3_600;
const upcomingBeforeS = 7 * 86_400;
const trialEndsBeforeS = 3 * 86_400;

export type PaymentBehavior = "allow_incomplete" | "default_incomplete" | "error_if_incomplete";

export interface NewSubscription {
  customer: string;
  items: Pick<ItemRecord, "price" | "quantity" | "metadata">[];
  trialEnd: number | null;
  fields: Partial<SubscriptionRecord>;
  behavior: PaymentBehavior;
  /** What Checkout has taken before. */
  paidBy?: PaymentIntentRecord | undefined;
  offSession: boolean;
}

/** @throws StripeFailure where `error_if_incomplete` was asked for, or no card is there */
export function makeSubscription(tx: Transaction, wish: NewSubscription): SubscriptionRecord {
  const customer = tx.get(customers, wish.customer, "customer");
  const nowS = tx.nowS(customer.clock);
  const items = wish.items.map((item) => ({ ...item, id: nextId(tx.account, "si"), created: nowS }));
  const isTrial = wish.trialEnd !== null;
  const anchorS = wish.trialEnd ?? nowS;
  const subscription: SubscriptionRecord = {
    ...{ id: tx.newId(subscriptions), created: nowS, customer: customer.id, items, anchorS },
    status: isTrial ? "trialing" : "incomplete",
    ...{ currency: priceOf(tx, items[0]!).currency, cycle: isTrial ? 0 : 1, periodStart: nowS },
    periodEnd: isTrial ? anchorS : intervalEnd(anchorS, recurringOf(tx, { items }), 1),
    ...{ trialStart: isTrial ? nowS : null, trialEnd: wish.trialEnd, withoutMethod: "create_invoice" },
    ...{ cancelAtPeriodEnd: false, canceledAt: null, endedAt: null, cancelReason: null, defaultMethod: null },
    ...{ savesMethod: false, latestInvoice: null, description: null, metadata: {} },
    ...wish.fields,
    ...(customer.clock !== undefined && { clock: customer.clock }),
  };
  const hasMethod = (subscription.defaultMethod ?? customer.defaultPaymentMethod) !== null;
  if (
    !isTrial &&
    !hasMethod &&
    wish.behavior !== "default_incomplete" &&
    !wish.paidBy &&
    amountOf(tx, subscription) > 0
  )
    throw noMethod();
  const place = tx.emitted;
  tx.put(subscriptions, subscription);
  const failure = billFirst(tx, subscription, wish);
  if (failure && wish.behavior === "error_if_incomplete") {
    tx.delete(subscriptions, subscription);
    tx.delete(invoices, tx.get(invoices, subscription.latestInvoice!));
    tx.forget(place);
    throw failure;
  }
  // It is told of as it has become by its first invoice, before that.
  tx.emit("customer.subscription.created", subscriptions, subscription, { at: place });
  planPeriod(tx, subscription);
  if (subscription.status === "incomplete")
    tx.later("subscription.expire", nowS + incompleteForS, { id: subscription.id }, subscription.clock);
  return subscription;
}

function billFirst(
  tx: Transaction,
  subscription: SubscriptionRecord,
  wish: NewSubscription,
): StripeFailure | undefined {
  const willPay =
    subscription.status === "incomplete" && wish.behavior !== "default_incomplete" && !wish.paidBy;
  const invoice = billPeriod(tx, subscription, "subscription_create");
  finalizeInvoice(tx, invoice, wish.paidBy);
  if (invoice.status === "paid") {
    if (subscription.status === "incomplete") subscription.status = "active";
    tx.put(subscriptions, subscription);
    return undefined;
  }
  if (!willPay) return undefined;
  const failure = payInvoice(tx, invoice, { offSession: wish.offSession });
  if (failure || wish.behavior !== "error_if_incomplete" || subscription.status === "active") return failure;
  return new StripeFailure(402, "The payment of the subscription's first invoice requires authentication.", {
    ...{ type: "card_error", code: "subscription_payment_intent_requires_action" },
  });
}

/** A draft for the subscription's present period. */
function billPeriod(
  tx: Transaction,
  subscription: SubscriptionRecord,
  reason: InvoiceRecord["reason"],
): InvoiceRecord {
  const isFirst = reason === "subscription_create";
  const invoice = makeInvoice(tx, {
    ...{
      customer: subscription.customer,
      subscription: subscription.id,
      currency: subscription.currency,
      reason,
    },
    lines: periodLines(tx, subscription),
    subscriptionMetadata: subscription.metadata,
    ...(!isFirst && { periodStart: tx.nowS(subscription.clock), periodEnd: tx.nowS(subscription.clock) }),
    ...(subscription.clock !== undefined && { clock: subscription.clock }),
  });
  subscription.latestInvoice = invoice.id;
  tx.put(subscriptions, subscription);
  return invoice;
}

/** What comes of the present period's end, and before it. */
export function planPeriod(
  tx: Transaction,
  { id, periodEnd, status, trialEnd, clock }: SubscriptionRecord,
): void {
  const nowS = tx.nowS(clock);
  const data = { id, endS: periodEnd };
  if (status === "trialing" && trialEnd !== null)
    tx.later("subscription.trial-ends", Math.max(nowS, trialEnd - trialEndsBeforeS), data, clock);
  if (periodEnd - upcomingBeforeS > nowS)
    tx.later("subscription.upcoming", periodEnd - upcomingBeforeS, data, clock);
  tx.later("subscription.period", periodEnd, data, clock);
}

/** The period is over. */
export function renew(tx: Transaction, subscription: SubscriptionRecord): void {
  if (subscription.status === "incomplete") return;
  if (subscription.cancelAtPeriodEnd) return void endSubscription(tx, subscription, "cancellation_requested");
  const isTrialEnd = subscription.status === "trialing";
  const customer = tx.find(customers, subscription.customer);
  const hasMethod = (subscription.defaultMethod ?? customer?.defaultPaymentMethod ?? null) !== null;
  if (isTrialEnd && !hasMethod && subscription.withoutMethod === "cancel")
    return void endSubscription(tx, subscription);
  const previous = {
    ...(isTrialEnd && { status: "trialing" }),
    latest_invoice: subscription.latestInvoice,
    items: {
      data: [{ current_period_start: subscription.periodStart, current_period_end: subscription.periodEnd }],
    },
  };
  startPeriod(tx, subscription);
  const invoice = billPeriod(tx, subscription, "subscription_cycle");
  tx.emit("customer.subscription.updated", subscriptions, subscription, { previous });
  tx.later("invoice.finalize", tx.nowS(subscription.clock) + 3_600, { id: invoice.id }, subscription.clock);
  planPeriod(tx, subscription);
}

function startPeriod(tx: Transaction, subscription: SubscriptionRecord): void {
  const { anchorS, periodEnd } = subscription;
  if (subscription.status === "trialing") subscription.status = "active";
  subscription.cycle++;
  subscription.periodStart = periodEnd;
  subscription.periodEnd = intervalEnd(anchorS, recurringOf(tx, subscription), subscription.cycle);
}

/** The trial is over now, at somebody's wish: the first period begins and is paid. @returns why it was not paid */
export function endTrial(tx: Transaction, subscription: SubscriptionRecord): StripeFailure | undefined {
  const nowS = tx.nowS(subscription.clock);
  Object.assign(subscription, { trialEnd: nowS, anchorS: nowS, periodEnd: nowS, cycle: 0 });
  startPeriod(tx, subscription);
  const invoice = billPeriod(tx, subscription, "subscription_update");
  finalizeInvoice(tx, invoice);
  const failure =
    invoice.status === "paid" ? undefined : payInvoice(tx, invoice, { automatic: true, offSession: true });
  planPeriod(tx, subscription);
  return failure;
}

/** It is over, at once. */
export function endSubscription(
  tx: Transaction,
  subscription: SubscriptionRecord,
  cancelReason: SubscriptionRecord["cancelReason"] = "cancellation_requested",
): void {
  if (isEnded(subscription)) return;
  const endedAt = tx.nowS(subscription.clock);
  const status = subscription.status === "incomplete" ? "incomplete_expired" : "canceled";
  Object.assign(subscription, {
    status,
    endedAt,
    canceledAt: subscription.canceledAt ?? endedAt,
    cancelReason,
  });
  tx.put(subscriptions, subscription);
  // Nobody is to pay for what was never given: https://docs.stripe.com/billing/subscriptions/overview#subscription-lifecycle
  for (const invoice of tx.all(invoices)) {
    if (invoice.subscription !== subscription.id) continue;
    invoice.nextAttempt = null;
    invoice.autoAdvance = false;
    if (status === "incomplete_expired" && invoice.status === "open") voidInvoice(tx, invoice);
    tx.put(invoices, invoice);
  }
  const type = status === "canceled" ? "customer.subscription.deleted" : "customer.subscription.updated";
  tx.emit(type, subscriptions, subscription);
}

export function voidInvoice(tx: Transaction, invoice: InvoiceRecord): void {
  tx.put(
    invoices,
    Object.assign(invoice, { status: "void", voidedAt: tx.nowS(invoice.clock), nextAttempt: null }),
  );
  const intent = invoice.intent === null ? undefined : tx.find(intents, invoice.intent);
  if (intent && intent.status !== "succeeded") {
    tx.put(intents, Object.assign(intent, { status: "canceled", canceledAt: tx.nowS(invoice.clock) }));
    tx.emit("payment_intent.canceled", intents, intent);
  }
  tx.emit("invoice.voided", invoices, invoice);
}
