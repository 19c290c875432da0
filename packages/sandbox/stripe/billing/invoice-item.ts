import type Stripe from "stripe";
import { prices } from "../catalog/price.ts";
import { nextId } from "../credentials.ts";
import type { Kind, Recorded } from "../objects/kind.ts";
import type { Transaction } from "../objects/transaction.ts";
import type { Wire } from "../objects/wire.ts";
import type { Metadata } from "../parameters/parameters.ts";
import type { InvoiceRecord, LineRecord } from "./invoice.ts";

/** Something that the customer's next invoice takes in. */
export interface InvoiceItemRecord extends Recorded {
  customer: string;
  invoice: string | null;
  subscription: string | null;
  subscriptionItem: string | null;
  amount: number;
  currency: string;
  description: string | null;
  price: string | null;
  quantity: number;
  periodStart: number;
  periodEnd: number;
  isProration: boolean;
  metadata: Metadata;
}

export const invoiceItems: Kind<InvoiceItemRecord> = {
  object: "invoiceitem",
  title: "invoiceitem",
  prefix: "ii",
  idLength: 24,
  path: "/v1/invoiceitems",
  render: (item, tx) => {
    const price = item.price === null ? undefined : tx.find(prices, item.price);
    return {
      ...{
        id: item.id,
        object: "invoiceitem",
        amount: item.amount,
        currency: item.currency,
        customer: item.customer,
      },
      ...{ customer_account: null, date: item.created, description: item.description },
      ...{ discountable: !item.isProration, discounts: [], invoice: item.invoice, livemode: false },
      metadata: item.metadata,
      parent:
        item.subscription === null
          ? null
          : {
              subscription_details: {
                subscription: item.subscription,
                ...(item.subscriptionItem !== null && { subscription_item: item.subscriptionItem }),
              },
              type: "subscription_details" as const,
            },
      period: { end: item.periodEnd, start: item.periodStart },
      pricing: price
        ? {
            price_details: { price: price.id, product: price.product },
            ...{ type: "price_details" as const, unit_amount_decimal: String(price.amount) },
          }
        : null,
      ...{ proration: item.isProration, quantity: item.quantity, quantity_decimal: String(item.quantity) },
      ...{ tax_rates: [], test_clock: item.clock ?? null },
    } satisfies Wire<Stripe.InvoiceItem>;
  },
};

export type NewInvoiceItem = Pick<InvoiceItemRecord, "customer" | "amount" | "currency"> &
  Partial<InvoiceItemRecord>;

export function makeInvoiceItem(tx: Transaction, fields: NewInvoiceItem): InvoiceItemRecord {
  const created = tx.nowS(fields.clock);
  const item = tx.put(invoiceItems, {
    ...{ id: tx.newId(invoiceItems), created, invoice: null, subscription: null, subscriptionItem: null },
    ...{ description: null, price: null, quantity: 1, periodStart: created, periodEnd: created },
    ...{ isProration: false, metadata: {} },
    ...fields,
  });
  tx.emit("invoiceitem.created", invoiceItems, item);
  return item;
}

/** What waits for an invoice of this customer, and of this subscription or of none. */
export const pendingItems = (
  tx: Transaction,
  { customer, currency }: Pick<InvoiceRecord, "customer" | "currency">,
  subscription: string | null,
): InvoiceItemRecord[] =>
  tx
    .all(invoiceItems)
    .filter(
      (item) =>
        item.invoice === null &&
        item.customer === customer &&
        item.currency === currency &&
        (item.subscription === null || item.subscription === subscription),
    );

export const lineOf = (tx: Transaction, item: InvoiceItemRecord): LineRecord => ({
  ...{
    id: nextId(tx.account, "il", 24),
    amount: item.amount,
    description: item.description,
    price: item.price,
  },
  ...{ quantity: item.quantity, periodStart: item.periodStart, periodEnd: item.periodEnd },
  ...{ isProration: item.isProration, subscriptionItem: item.subscriptionItem, invoiceItem: item.id },
  metadata: item.metadata,
});
