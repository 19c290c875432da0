import { products } from "../catalog/product.ts";
import { nextId } from "../credentials.ts";
import { customers, invoicePrefix } from "../customers/customer.ts";
import type { Transaction } from "../objects/transaction.ts";
import { methodOf } from "../payments/attach.ts";
import { type PayOptions, pay } from "../payments/pay.ts";
import { intents, makeIntent, type PaymentIntentRecord } from "../payments/payment-intent.ts";
import { invalid, type StripeFailure } from "../stripe-error.ts";
import { invoicePaid, invoiceUnpaid } from "./after-payment.ts";
import { dueOf, type InvoiceRecord, invoices, type LineRecord, totalOf } from "./invoice.ts";
import { invoiceItems, lineOf, pendingItems } from "./invoice-item.ts";
import { type ItemRecord, priceOf, type SubscriptionRecord, subscriptions } from "./subscription.ts";

/*
 * draft → open (finalized: it has its number, its amount is fixed) → paid, void or uncollectible. An amount of nothing is paid at once.
 */

export type NewInvoice = Pick<InvoiceRecord, "customer" | "currency" | "reason"> & Partial<InvoiceRecord>;

/** A draft, with what was waiting for it. */
export function makeInvoice(tx: Transaction, fields: NewInvoice): InvoiceRecord {
  const created = tx.nowS(fields.clock);
  const invoice: InvoiceRecord = {
    ...{
      id: tx.newId(invoices),
      created,
      subscription: null,
      status: "draft",
      lines: [],
      startingBalance: 0,
    },
    ...{
      endingBalance: null,
      amountPaid: 0,
      attempts: 0,
      autoAdvance: true,
      nextAttempt: null,
      number: null,
    },
    ...{ periodStart: created, periodEnd: created, finalizedAt: null, paidAt: null, voidedAt: null },
    ...{ uncollectibleAt: null, intent: null, method: null, description: null, metadata: {} },
    subscriptionMetadata: null,
    ...fields,
  };
  for (const item of pendingItems(tx, invoice, invoice.subscription)) {
    invoice.lines.push(lineOf(tx, item));
    tx.put(invoiceItems, Object.assign(item, { invoice: invoice.id }));
  }
  invoice.startingBalance = tx.find(customers, invoice.customer)?.balance ?? 0;
  tx.put(invoices, invoice);
  tx.emit("invoice.created", invoices, invoice);
  return invoice;
}

/** What a period of a subscription costs; nothing while it is tried. */
export function periodLines(
  tx: Transaction,
  { items, periodStart, periodEnd, status }: SubscriptionRecord,
): LineRecord[] {
  return items.map((item) => {
    const price = priceOf(tx, item);
    const name = tx.find(products, price.product)?.name ?? price.product;
    const isTrial = status === "trialing";
    return {
      ...{ id: nextId(tx.account, "il", 24), amount: isTrial ? 0 : price.amount * item.quantity },
      description: isTrial
        ? `Trial period for ${name}`
        : `${item.quantity} × ${name} (at ${rateOf(tx, item)})`,
      ...{ price: item.price, quantity: item.quantity, periodStart, periodEnd, isProration: false },
      ...{ subscriptionItem: item.id, invoiceItem: null, metadata: item.metadata },
    };
  });
}

/** `$12.00 / month` */
export function rateOf(tx: Transaction, item: ItemRecord): string {
  const { amount, currency, recurring } = priceOf(tx, item);
  const each = formatAmount(amount, currency);
  if (!recurring) return each;
  return recurring.count === 1
    ? `${each} / ${recurring.interval}`
    : `${each} / ${recurring.count} ${recurring.interval}s`;
}

/** Currencies differ in their smallest unit: cents, or none as the yen's. */
export function formatAmount(amount: number, currency: string): string {
  const format = new Intl.NumberFormat("en-US", { style: "currency", currency });
  return format.format(amount / 10 ** (format.resolvedOptions().maximumFractionDigits ?? 2));
}

/** @param paidBy a payment that was made for it before */
export function finalizeInvoice(tx: Transaction, invoice: InvoiceRecord, paidBy?: PaymentIntentRecord): void {
  const customer = tx.get(customers, invoice.customer);
  invoice.startingBalance = customer.balance;
  const due = dueOf(invoice);
  // What is over stays with the customer: https://docs.stripe.com/billing/customer/balance
  customer.balance = totalOf(invoice) + invoice.startingBalance - due;
  const sequence = String(customer.nextInvoice).padStart(4, "0");
  customer.nextInvoice++;
  customer.currency ??= invoice.currency;
  tx.put(customers, customer);
  Object.assign(invoice, {
    status: "open",
    endingBalance: customer.balance,
    finalizedAt: tx.nowS(invoice.clock),
  });
  invoice.number = `${invoicePrefix(customer)}-${sequence}`;
  if (due > 0) {
    const intent =
      paidBy ??
      makeIntent(tx, {
        ...{ amount: due, currency: invoice.currency, customer: invoice.customer },
        ...{
          description:
            invoice.reason === "subscription_create" ? "Subscription creation" : "Subscription update",
        },
        ...(invoice.clock !== undefined && { clock: invoice.clock }),
      });
    tx.put(intents, Object.assign(intent, { invoice: invoice.id, setupFutureUsage: "off_session" }));
    invoice.intent = intent.id;
  }
  tx.put(invoices, invoice);
  tx.emit("invoice.finalized", invoices, invoice);
  if (due === 0 || paidBy?.status === "succeeded") invoicePaid(tx, invoice);
}

export interface InvoicePayOptions extends PayOptions {
  /** Else the invoice's, the subscription's, or the customer's default. */
  method?: string | undefined;
  /** By itself, so that it tries again when it fails. */
  automatic?: boolean;
}

/** Tries to take what is due of an open invoice. @returns why it was not paid */
export function payInvoice(
  tx: Transaction,
  invoice: InvoiceRecord,
  { method, automatic = false, ...options }: InvoicePayOptions,
): StripeFailure | undefined {
  const intent = tx.get(intents, invoice.intent!);
  const chosen = method ?? defaultMethod(tx, invoice);
  if (chosen === undefined) {
    invoiceUnpaid(tx, invoice, automatic);
    return noMethod();
  }
  const failure = pay(tx, intent, methodOf(tx, chosen), options);
  if (intent.status === "succeeded") invoicePaid(tx, invoice);
  else if (failure) invoiceUnpaid(tx, invoice, automatic);
  else tx.emit("invoice.payment_action_required", invoices, invoice);
  return failure;
}

export function defaultMethod(tx: Transaction, invoice: InvoiceRecord): string | undefined {
  const subscription =
    invoice.subscription === null ? undefined : tx.find(subscriptions, invoice.subscription);
  return (
    invoice.method ??
    subscription?.defaultMethod ??
    tx.find(customers, invoice.customer)?.defaultPaymentMethod ??
    undefined
  );
}

export const noMethod = (): StripeFailure =>
  invalid(
    "This customer has no attached payment source or default payment method. Please consider adding a default payment method. For more information, visit https://stripe.com/docs/billing/subscriptions/payment-methods-setting#payment-method-priority.",
    undefined,
    "resource_missing",
  );
