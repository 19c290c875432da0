import type Stripe from "stripe";
import { type PriceRecord, prices, type Recurring, renderPlan, renderPrice } from "../catalog/price.ts";
import type { Kind, Recorded } from "../objects/kind.ts";
import { embedded } from "../objects/list.ts";
import type { Transaction } from "../objects/transaction.ts";
import type { Wire } from "../objects/wire.ts";
import type { Metadata } from "../parameters/parameters.ts";

export type SubscriptionStatus =
  | "incomplete"
  | "incomplete_expired"
  | "trialing"
  | "active"
  | "past_due"
  | "canceled";

export interface ItemRecord {
  id: string;
  created: number;
  price: string;
  quantity: number;
  metadata: Metadata;
}

export interface SubscriptionRecord extends Recorded {
  customer: string;
  status: SubscriptionStatus;
  items: ItemRecord[];
  currency: string;
  /** Periods are counted from here. */
  anchorS: number;
  /** How many periods have begun since the anchor. */
  cycle: number;
  periodStart: number;
  periodEnd: number;
  trialStart: number | null;
  trialEnd: number | null;
  /** Where a trial ends and no card is there. */
  withoutMethod: "create_invoice" | "cancel";
  cancelAtPeriodEnd: boolean;
  canceledAt: number | null;
  endedAt: number | null;
  cancelReason: "cancellation_requested" | "payment_failed" | null;
  defaultMethod: string | null;
  /** A card that pays an invoice becomes the default. */
  savesMethod: boolean;
  latestInvoice: string | null;
  description: string | null;
  metadata: Metadata;
}

export const isEnded = ({ status }: SubscriptionRecord): boolean =>
  status === "canceled" || status === "incomplete_expired";

export const priceOf = (tx: Transaction, { price }: ItemRecord): PriceRecord =>
  tx.get(prices, price, "price");

/** All items have the same. */
export const recurringOf = (tx: Transaction, { items }: Pick<SubscriptionRecord, "items">): Recurring =>
  priceOf(tx, items[0]!).recurring!;

/** Of one period, in the smallest unit. */
export const amountOf = (tx: Transaction, { items }: Pick<SubscriptionRecord, "items">): number =>
  items.reduce((sum, item) => sum + priceOf(tx, item).amount * item.quantity, 0);

export function renderItem(tx: Transaction, subscription: SubscriptionRecord, item: ItemRecord) {
  const price = priceOf(tx, item);
  return {
    ...{ id: item.id, object: "subscription_item", billing_thresholds: null, created: item.created },
    ...{ current_period_end: subscription.periodEnd, current_period_start: subscription.periodStart },
    ...{ current_trial: null, discounts: [], metadata: item.metadata, plan: renderPlan(price) },
    ...{ price: renderPrice(price), quantity: item.quantity, subscription: subscription.id, tax_rates: [] },
  } satisfies Wire<Stripe.SubscriptionItem>;
}

export const subscriptions: Kind<SubscriptionRecord> = {
  object: "subscription",
  title: "subscription",
  prefix: "sub",
  idLength: 24,
  path: "/v1/subscriptions",
  render: (subscription, tx) =>
    ({
      ...{ id: subscription.id, object: "subscription", application: null, application_fee_percent: null },
      automatic_tax: { disabled_reason: null, enabled: false, liability: null },
      ...{ billing_cycle_anchor: subscription.anchorS, billing_cycle_anchor_config: null },
      ...{
        billing_mode: { flexible: null, type: "classic" },
        billing_schedules: [],
        billing_thresholds: null,
      },
      cancel_at: subscription.cancelAtPeriodEnd ? subscription.periodEnd : null,
      ...{ cancel_at_period_end: subscription.cancelAtPeriodEnd, canceled_at: subscription.canceledAt },
      cancellation_details: {
        comment: null,
        feedback: null,
        feedback_option: null,
        reason: subscription.cancelReason,
      },
      ...{
        collection_method: "charge_automatically",
        created: subscription.created,
        currency: subscription.currency,
      },
      ...{ customer: subscription.customer, customer_account: null, days_until_due: null },
      ...{ default_payment_method: subscription.defaultMethod, default_source: null, default_tax_rates: [] },
      ...{ description: subscription.description, discounts: [], ended_at: subscription.endedAt },
      invoice_settings: {
        ...{
          account_tax_ids: null,
          custom_fields: null,
          description: null,
          footer: null,
          issuer: { type: "self" },
        },
      },
      items: embedded(
        subscription.items.map((item) => renderItem(tx, subscription, item)),
        `/v1/subscription_items?subscription=${subscription.id}`,
      ),
      ...{ latest_invoice: subscription.latestInvoice, livemode: false, managed_payments: null },
      ...{ metadata: subscription.metadata, next_pending_invoice_item_invoice: null, on_behalf_of: null },
      ...{ pause_collection: null, pending_invoice_item_interval: null, pending_setup_intent: null },
      payment_settings: {
        ...{ payment_method_options: null, payment_method_types: null },
        save_default_payment_method: subscription.savesMethod ? "on_subscription" : "off",
      },
      ...{
        pending_update: null,
        schedule: null,
        start_date: subscription.created,
        status: subscription.status,
      },
      ...{ test_clock: subscription.clock ?? null, transfer_data: null, trial_end: subscription.trialEnd },
      trial_settings: {
        end_behavior: { billing_cycle_anchor: null, missing_payment_method: subscription.withoutMethod },
      },
      trial_start: subscription.trialStart,
    }) satisfies Omit<Wire<Stripe.Subscription>, "items"> & { items: object },
};
