import { prices } from "../catalog/price.ts";
import { products } from "../catalog/product.ts";
import { nextId } from "../credentials.ts";
import type { Transaction } from "../objects/transaction.ts";
import { invalid, type StripeFailure, unsupported } from "../stripe-error.ts";
import { makeInvoiceItem } from "./invoice-item.ts";
import { finalizeInvoice, makeInvoice, payInvoice } from "./invoice-life.ts";
import {
  amountOf,
  type ItemRecord,
  priceOf,
  type SubscriptionRecord,
  subscriptions,
} from "./subscription.ts";

export type ProrationBehavior = "create_prorations" | "always_invoice" | "none";

export interface ItemChange {
  id: string | undefined;
  price: string | undefined;
  quantity: number | undefined;
  deleted: boolean;
  metadata: (known: ItemRecord["metadata"]) => ItemRecord["metadata"];
}

/**
 * Other prices or quantities from now on. What is left of the period is credited at the old rate and charged at the new one, by the second.
 *
 * @throws StripeFailure where the new prices come at other intervals, whose new period the twin does not work out
 */
export function changeItems(
  tx: Transaction,
  subscription: SubscriptionRecord,
  changes: ItemChange[],
  behavior: ProrationBehavior,
): StripeFailure | undefined {
  const items = changed(tx, subscription, changes);
  const before = { ...subscription, items: subscription.items };
  const isPaidFor = subscription.status === "active" || subscription.status === "past_due";
  const old = amountOf(tx, before);
  tx.put(subscriptions, Object.assign(subscription, { items }));
  if (
    behavior === "none" ||
    !isPaidFor ||
    (old === amountOf(tx, subscription) && Bun.deepEquals(before.items, items))
  )
    return undefined;
  prorate(tx, before, -1, "Unused time on");
  prorate(tx, subscription, 1, "Remaining time on");
  return behavior === "always_invoice" ? billNow(tx, subscription) : undefined;
}

function changed(tx: Transaction, subscription: SubscriptionRecord, changes: ItemChange[]): ItemRecord[] {
  const items = subscription.items.map((item) => ({ ...item }));
  for (const { id, price, quantity, deleted, metadata } of changes) {
    const known = items.findIndex((item) => item.id === id);
    if (id !== undefined && known === -1)
      throw invalid(`No such subscription item: '${id}'`, "items", "resource_missing");
    if (deleted) items.splice(known, 1);
    else if (known !== -1) {
      const item = items[known]!;
      items[known] = {
        ...{ ...item, price: price ?? item.price, quantity: quantity ?? item.quantity },
        metadata: metadata(item.metadata),
      };
    } else {
      if (price === undefined)
        throw invalid("An item needs a price.", "items[0][price]", "parameter_missing");
      items.push({
        ...{
          id: nextId(tx.account, "si"),
          created: tx.nowS(subscription.clock),
          price,
          quantity: quantity ?? 1,
        },
        metadata: metadata({}),
      });
    }
  }
  if (items.length === 0) throw invalid("A subscription must have at least one active plan.", "items");
  checkItems(tx, items, subscription.currency);
  const [was, is] = [priceOf(tx, subscription.items[0]!).recurring, priceOf(tx, items[0]!).recurring];
  if (!Bun.deepEquals(was, is))
    throw unsupported("change of a subscription's interval; cancel it and make another", "items");
  return items;
}

/** @throws StripeFailure where they cannot be together */
export function checkItems(tx: Transaction, items: Pick<ItemRecord, "price">[], currency?: string): void {
  const used = items.map(({ price }) => tx.get(prices, price, "items[0][price]"));
  for (const price of used) {
    if (!price.recurring)
      throw invalid(
        `The price specified is set to \`type=one_time\` but this field only accepts prices with \`type=recurring\`.`,
        "items[0][price]",
      );
    if (!price.active)
      throw invalid(
        `The price specified is inactive. This field only accepts active prices.`,
        "items[0][price]",
      );
    if (price.currency !== (currency ?? used[0]!.currency))
      throw invalid("All prices on a subscription must have the same currency.", "items");
    if (!Bun.deepEquals(price.recurring, used[0]!.recurring))
      throw unsupported("subscriptions with prices of several intervals", "items");
  }
  if (new Set(items.map(({ price }) => price)).size !== items.length)
    throw invalid("Cannot add multiple subscription items with the same price.", "items");
}

function prorate(tx: Transaction, subscription: SubscriptionRecord, sign: 1 | -1, words: string): void {
  const { periodStart, periodEnd, clock } = subscription;
  const nowS = tx.nowS(clock);
  const share = Math.max(0, (periodEnd - nowS) / (periodEnd - periodStart));
  const date = new Date(nowS * 1_000).toLocaleDateString("en-GB", {
    day: "2-digit",
    month: "short",
    year: "numeric",
    timeZone: "UTC",
  });
  for (const item of subscription.items) {
    const price = priceOf(tx, item);
    const name = tx.find(products, price.product)?.name ?? price.product;
    makeInvoiceItem(tx, {
      ...{ customer: subscription.customer, subscription: subscription.id, subscriptionItem: item.id },
      ...{ amount: sign * Math.round(price.amount * item.quantity * share), currency: price.currency },
      description: `${words} ${item.quantity > 1 ? `${item.quantity} × ` : ""}${name} after ${date}`,
      ...{ price: price.id, quantity: item.quantity, periodStart: nowS, periodEnd, isProration: true },
      ...(clock !== undefined && { clock }),
    });
  }
}

function billNow(tx: Transaction, subscription: SubscriptionRecord): StripeFailure | undefined {
  const invoice = makeInvoice(tx, {
    ...{ customer: subscription.customer, subscription: subscription.id, currency: subscription.currency },
    ...{ reason: "subscription_update", subscriptionMetadata: subscription.metadata },
    ...(subscription.clock !== undefined && { clock: subscription.clock }),
  });
  subscription.latestInvoice = invoice.id;
  tx.put(subscriptions, subscription);
  finalizeInvoice(tx, invoice);
  return invoice.status === "open"
    ? payInvoice(tx, invoice, { automatic: true, offSession: true })
    : undefined;
}
